import { describe, expect, it } from 'vitest';
import type { AnyObject, ObjectMeta } from '../../kube/object.ts';
import { fixedTable, resourceRows } from './resource-rows.ts';

const UID = 'uid-1';
const KIND = {
  group: 'platformapi.kubeplus',
  version: 'v1alpha1',
  kind: 'WordpressService',
  plural: 'wordpressservices',
  namespaced: true,
};
const INSTANCE = {
  apiVersion: 'platformapi.kubeplus/v1alpha1',
  kind: 'WordpressService',
  metadata: { name: 'wp-for-tenant1', namespace: 'default', uid: UID },
};

function object(kind: string, name: string, metadata: Partial<ObjectMeta> = {}): AnyObject {
  const labels = { 'tenantry.dev/instance-uid': UID };
  return { apiVersion: 'v1', kind, metadata: { name, namespace: 'wp-for-tenant1', labels, ...metadata } };
}
const foreign = (kind: string, name: string): AnyObject => object(kind, name, { labels: {} });

const OBJECTS = [
  object('ResourceQuota', 'wordpressservice-wp-for-tenant1'),
  object('NetworkPolicy', 'restrict-cross-ns-traffic'),
  object('NetworkPolicy', 'allow-external-traffic'),
  foreign('Pod', 'mysql-76d6d9bdfd-7ffhx'),
  object('ReplicaSet', 'mysql-76d6d9bdfd', {
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'Deployment', name: 'mysql', uid: 'd', controller: true },
    ],
  }),
  object('Deployment', 'wp-for-tenant1'),
  object('Deployment', 'mysql'),
  object('Service', 'wordpress-mysql'),
  object('PersistentVolumeClaim', 'mysql-pv-claim'),
  foreign('PersistentVolumeClaim', 'data-mysql-0'),
  object('RoleBinding', 'tenantry-instance'),
  object('ServiceAccount', 'default'),
  foreign('ConfigMap', 'kube-root-ca.crt'),
  object('ConfigMap', 'of-another', { labels: { 'tenantry.dev/instance-uid': 'uid-2' } }),
  object('Certificate', 'tls'),
];

describe('resourceRows', () => {
  it('are the instance, the chart’s objects, what runs and what isolates, in this order', () => {
    const rows = resourceRows({ kind: KIND, instance: INSTANCE }, OBJECTS);

    expect(rows.map((row) => row.join(' '))).toEqual([
      'default WordpressService wp-for-tenant1',
      'wp-for-tenant1 PersistentVolumeClaim data-mysql-0',
      'wp-for-tenant1 PersistentVolumeClaim mysql-pv-claim',
      'wp-for-tenant1 Service wordpress-mysql',
      'wp-for-tenant1 Deployment mysql',
      'wp-for-tenant1 Deployment wp-for-tenant1',
      'wp-for-tenant1 Certificate tls',
      'wp-for-tenant1 Pod mysql-76d6d9bdfd-7ffhx',
      'wp-for-tenant1 NetworkPolicy allow-external-traffic',
      'wp-for-tenant1 NetworkPolicy restrict-cross-ns-traffic',
      'wp-for-tenant1 ResourceQuota wordpressservice-wp-for-tenant1',
      'wp-for-tenant1 RoleBinding tenantry-instance',
    ]);
  });

  it('name nothing of the chart’s where the instance has no UID', () => {
    const { uid: _uid, ...metadata } = INSTANCE.metadata;
    const rows = resourceRows({ kind: KIND, instance: { ...INSTANCE, metadata } }, [foreign('Secret', 'x')]);

    expect(rows).toHaveLength(1);
  });
});

describe('fixedTable', () => {
  it('pads as KubePlus does, and cuts nothing', () => {
    expect(
      fixedTable(5, [
        ['A', 'B'],
        ['longer', 'x'],
      ]),
    ).toBe('A     B    \nlonger x    \n');
  });
});
