import { describe, expect, it } from 'vitest';
import { SERVICE_UID_LABEL } from '../../src/api/names.ts';
import { RESOURCE_COMPOSITION } from '../../src/api/resource-composition.ts';
import { findUpload } from '../../src/helm/chart-store.ts';
import { CONFIG_MAP, CRD, SECRET, SERVICE_ACCOUNT } from '../../src/kube/builtin-kinds.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import { ACCOUNTS, chart, CRONTAB_CRD, HELLO, NAMESPACE, reasonOf, useServiceRig } from './service-rig.ts';

describe('removing a service', { timeout: 30_000 }, () => {
  const rig = useServiceRig();

  async function instance(name: string, more: object = {}): Promise<void> {
    await rig().client.create(HELLO, {
      apiVersion: 'platformapi.kubeplus/v1alpha1',
      kind: 'HelloService',
      metadata: { name, namespace: NAMESPACE },
      ...more,
    });
  }

  it('gives everything back but what was uploaded', async () => {
    await rig().upload(chart({ 'crds/crontab.yaml': CRONTAB_CRD }));
    await rig().register();
    expect(
      rig()
        .api.objects(CRD)
        .some(({ spec }) => spec.names.kind === 'CronTab'),
    ).toBe(true);

    await rig().client.delete(RESOURCE_COMPOSITION, { namespace: NAMESPACE, name: 'hello' });
    await rig().until((now) => now === undefined);

    expect(rig().revisions()).toEqual([]);
    expect(
      rig()
        .api.objects(CRD)
        .filter(({ spec }) => ['CronTab', 'HelloService'].includes(spec.names.kind)),
    ).toEqual([]);
    expect(
      rig()
        .api.objects(SERVICE_ACCOUNT, ACCOUNTS)
        .filter(({ metadata }) => metadata.labels?.[SERVICE_UID_LABEL] !== undefined),
    ).toEqual([]);
    expect(
      rig()
        .api.objects(CONFIG_MAP, NAMESPACE)
        .map(({ metadata }) => metadata.name),
    ).not.toContain('helloservice-usage');
    expect((await findUpload(rig().client, NAMESPACE, 'hello.tgz'))?.chunks).toEqual(
      rig()
        .api.objects(SECRET, NAMESPACE)
        .map(({ metadata }) => metadata.name),
    );
  });

  it('gives everything back when it is deleted in the foreground, too', async () => {
    await rig().upload(chart({ 'crds/crontab.yaml': CRONTAB_CRD }));
    await rig().register();

    const ref = { namespace: NAMESPACE, name: 'hello' };
    await rig().client.delete(RESOURCE_COMPOSITION, ref, { propagation: 'Foreground' });
    await rig().until((now) => now === undefined);

    expect(rig().revisions()).toEqual([]);
    const kinds = rig()
      .api.objects(CRD)
      .map(({ spec }) => spec.names.kind);
    expect(kinds.filter((kind) => ['CronTab', 'HelloService'].includes(kind))).toEqual([]);
  });

  it("leaves a chart's CRD that has objects", async () => {
    await rig().upload(chart({ 'crds/crontab.yaml': CRONTAB_CRD }));
    await rig().register();
    await rig().client.create(
      {
        group: 'stable.example.com',
        version: 'v1',
        kind: 'CronTab',
        plural: 'crontabs',
        namespaced: true,
      },
      { apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name: 'x', namespace: 'default' } },
    );

    await rig().client.delete(RESOURCE_COMPOSITION, { namespace: NAMESPACE, name: 'hello' });
    await rig().until((now) => now === undefined);

    expect(
      rig()
        .api.objects(CRD)
        .some(({ spec }) => spec.names.kind === 'CronTab'),
    ).toBe(true);
  });

  it('waits for instances unless forced; then they go first', async () => {
    await rig().upload(chart());
    await rig().register();
    await instance('a');

    await rig().client.delete(RESOURCE_COMPOSITION, { namespace: NAMESPACE, name: 'hello' });
    const held = await rig().until((now) => reasonOf(now) === 'InstancesExist');
    expect(findCondition(held?.status?.conditions, 'Ready')?.message).toContain('tenantry/a');
    expect(rig().api.objects(HELLO)).toHaveLength(1);
    await rig().patch({ metadata: { labels: { delete: 'true' } } });
    await rig().until((now) => now === undefined);

    expect(
      rig()
        .api.objects(CRD)
        .some(({ spec }) => spec.names.kind === 'HelloService'),
    ).toBe(false);
  });
});
