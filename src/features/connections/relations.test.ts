import { describe, expect, it } from 'vitest';
import type { AnyObject, ObjectMeta } from '../../kube/object.ts';
import { kindRules } from './kind-rules.ts';
import { relationsOf } from './relations.ts';

function object(
  kind: string,
  name: string,
  body: object = {},
  metadata: Partial<ObjectMeta> = {},
): AnyObject {
  const apiVersion = kind === 'Deployment' ? 'apps/v1' : 'v1';
  return { apiVersion, kind, metadata: { name, namespace: 'hs1', ...metadata }, ...body };
}
const owner = (kind: string, name: string, uid: string) => ({ apiVersion: 'apps/v1', kind, name, uid });
const pod = (spec: object, metadata: Partial<ObjectMeta> = {}): AnyObject =>
  object('Pod', 'web-1', { spec: { containers: [], ...spec } }, { labels: { app: 'web' }, ...metadata });
const withEnv = (value: string): AnyObject => pod({ containers: [{ env: [{ name: 'DB', value }] }] });

const told = (objects: readonly AnyObject[], definition?: AnyObject): readonly string[] =>
  relationsOf(objects, definition === undefined ? [] : kindRules(definition)).map(
    ({ from, to, type, details }) =>
      `${from.kind}/${from.metadata.name} → ${to.kind}/${to.metadata.name} ${type}: ${details}`,
  );

const DATABASE = object('Service', 'mysql');

describe('relations of Kubernetes’ own kinds', () => {
  it.each([
    [
      'an owner, by its UID',
      [
        object('ReplicaSet', 'web-1', {}, { uid: 'r' }),
        pod({}, { ownerReferences: [owner('ReplicaSet', 'web-1', 'r')] }),
      ],
      ['ReplicaSet/web-1 → Pod/web-1 owner reference: metadata.ownerReferences'],
    ],
    [
      'no owner whose name was taken by another',
      [
        object('ReplicaSet', 'web-1', {}, { uid: 'new' }),
        pod({}, { ownerReferences: [owner('ReplicaSet', 'web-1', 'r')] }),
      ],
      [],
    ],
    [
      'the pods of a Service',
      [object('Service', 'web', { spec: { selector: { app: 'web' } } }), pod({})],
      ['Service/web → Pod/web-1 label: spec.selector'],
    ],
    [
      'no pods of a Service without selector, or of another one, or elsewhere',
      [
        object('Service', 'a', { spec: { selector: {} } }),
        object('Service', 'b', { spec: { selector: { app: 'web', tier: 'x' } } }),
        object('Service', 'c', { spec: { selector: { app: 'web' } } }, { namespace: 'hs2' }),
        pod({}),
      ],
      [],
    ],
    [
      'the pods of a network policy',
      [object('NetworkPolicy', 'all', { spec: { podSelector: {} } }), pod({})],
      ['NetworkPolicy/all → Pod/web-1 label: spec.podSelector'],
    ],
    [
      'the pods of a budget',
      [object('PodDisruptionBudget', 'b', { spec: { selector: { matchLabels: { app: 'web' } } } }), pod({})],
      ['PodDisruptionBudget/b → Pod/web-1 label: spec.selector'],
    ],
    [
      'a claim, an account, configuration and secrets, once each',
      [
        pod({
          serviceAccountName: 'runner',
          volumes: [
            { persistentVolumeClaim: { claimName: 'data' } },
            { configMap: { name: 'settings' } },
            { secret: { secretName: 'password' } },
          ],
          containers: [{ envFrom: [{ configMapRef: { name: 'settings' } }] }],
          initContainers: [{ env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 'first' } } }] }],
        }),
        object('ServiceAccount', 'runner'),
        object('PersistentVolumeClaim', 'data', { spec: { volumeName: 'pv-1' } }),
        object('PersistentVolume', 'pv-1', {}, { namespace: undefined as never }),
        object('ConfigMap', 'settings'),
        object('Secret', 'password'),
        object('Secret', 'first'),
      ],
      [
        'Pod/web-1 → ServiceAccount/runner specproperty: spec.serviceAccountName',
        'Pod/web-1 → PersistentVolumeClaim/data specproperty: spec.volumes.persistentVolumeClaim.claimName',
        'Pod/web-1 → ConfigMap/settings specproperty: spec.volumes.configMap.name',
        'Pod/web-1 → Secret/password specproperty: spec.volumes.secret.secretName',
        'Pod/web-1 → Secret/first specproperty: env.valueFrom.secretKeyRef',
        'PersistentVolumeClaim/data → PersistentVolume/pv-1 specproperty: spec.volumeName',
      ],
    ],
    [
      'the backends of an Ingress',
      [
        object('Ingress', 'i', {
          spec: { rules: [{ http: { paths: [{ backend: { service: { name: 'mysql' } } }] } }] },
        }),
        DATABASE,
      ],
      ['Ingress/i → Service/mysql specproperty: spec.rules.http.paths.backend.service.name'],
    ],
    [
      'what is scaled',
      [
        object('HorizontalPodAutoscaler', 'h', {
          spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' } },
        }),
        object('Deployment', 'web'),
      ],
      ['HorizontalPodAutoscaler/h → Deployment/web specproperty: spec.scaleTargetRef'],
    ],
  ] satisfies [string, AnyObject[], string[]][])('are %s', (_what, objects, expected) => {
    expect(told(objects)).toEqual(expected);
  });

  it.each([
    ['mysql', true],
    ['mysql:3306', true],
    ['tcp://mysql.hs1.svc.cluster.local:3306/db', true],
    ['user@mysql.hs1', true],
    ['mysql-replica', false],
    ['my-mysql', false],
    ['mysql.other', false],
    ['mysqldump', false],
  ])('find a Service by the variable %s: %s', (value, found) => {
    expect(told([withEnv(value), DATABASE])).toEqual(
      found ? ['Pod/web-1 → Service/mysql envvariable: env DB'] : [],
    );
  });
});

describe('relations that a definition tells', () => {
  const definition = (annotations: Record<string, string>): AnyObject => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'd', annotations },
    spec: { names: { kind: 'Hello' } },
  });
  const hello = object('Hello', 'hs1', { spec: { database: 'mysql' } }, { namespace: 'default', uid: 'u' });
  const release = { annotations: { 'meta.helm.sh/release-name': 'hello-hs1' } };

  it.each([
    [
      'annotation-relationship',
      'on:Deployment;Namespace, key:meta.helm.sh/release-name, value:hello-INSTANCE.metadata.name',
      object('Deployment', 'web', {}, release),
      'annotation: meta.helm.sh/release-name: hello-hs1',
    ],
    [
      'label-relationship+1',
      'on:Deployment, key:for, value:INSTANCE.metadata.name',
      object('Deployment', 'web', {}, { labels: { for: 'hs1' } }),
      'label: for: hs1',
    ],
    [
      'specproperty-relationship',
      'on:Deployment, key:spec.name, value:INSTANCE.spec.database',
      object('Deployment', 'web', { spec: { name: 'mysql' } }),
      'specproperty: spec.name: mysql',
    ],
  ])('by resource/%s', (name, text, other, expected) => {
    const relations = told([hello, other], definition({ [`resource/${name}`]: text }));

    expect(relations).toEqual([`Hello/hs1 → Deployment/web ${expected}`]);
  });

  it.each(['on:Deployment', 'nonsense', 'on:Deployment, key:for, value:INSTANCE.spec.missing'])(
    'are none for %s',
    (text) => {
      const other = object('Deployment', 'web', {}, { labels: { for: '' } });

      expect(told([hello, other], definition({ 'resource/label-relationship': text }))).toEqual([]);
    },
  );

  it('tell of a namespace that KubePlus marked, in quotes', () => {
    const text = 'on:Namespace, key:meta.helm.sh/release-name, value:hello-INSTANCE.metadata.name';
    const annotations = { 'meta.helm.sh/release-name': '"hello-hs1"' };
    const namespace = object('Namespace', 'hs1', {}, { namespace: undefined as never, annotations });

    expect(told([hello, namespace], definition({ 'resource/annotation-relationship': text }))).toHaveLength(
      1,
    );
  });

  it('and without one an instance leads to what carries its UID, but not by way of a template’s labels', () => {
    const labels = { 'tenantry.dev/instance-uid': 'u' };
    const made = object(
      'ReplicaSet',
      'r',
      {},
      { labels, ownerReferences: [owner('Deployment', 'web', 'd')] },
    );

    expect(told([hello, object('LimitRange', 'l', {}, { labels }), made])).toEqual([
      'Hello/hs1 → LimitRange/l label: tenantry.dev/instance-uid',
    ]);
  });
});
