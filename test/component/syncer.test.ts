import { afterEach, describe, expect, it } from 'vitest';
import {
  CONFIG_MAP,
  CORE_EVENT,
  NODE,
  POD,
  SECRET,
  SERVICE,
  type ConfigMap,
} from '../../src/kube/builtin-kinds.ts';
import { hostAnnotations, hostLabels, MARKER_LABEL } from '../../src/syncer/marks.ts';
import { tokenSecretName } from '../../src/syncer/pods/pod-tokens.ts';
import { pod, service, TENANT } from '../builders/virtual.ts';
import { eventually } from '../doubles/eventually.ts';
import { SyncerRig } from './syncer-rig.ts';

let rig: SyncerRig;
afterEach(() => rig.close());

describe('the syncer', () => {
  it('runs a pod on the host with what it reads, and tells the tenant how it goes', async () => {
    rig = await SyncerRig.start();
    rig.host.put(NODE, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'n1', labels: { 'kubernetes.io/arch': 'arm64' } },
      status: { capacity: { cpu: '4' } },
    });
    await rig.cluster.create(CONFIG_MAP, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace: 'shop' },
      data: { a: '1' },
    });
    await rig.sync();

    const host = await rig.runPod('web', {
      containers: [{ name: 'main', image: 'i', envFrom: [{ configMapRef: { name: 'settings' } }] }],
    });
    rig.report(host, 'n1');

    await eventually('the tenant sees it run', () => rig.tenantPod('web')?.status?.phase === 'Running');
    expect(rig.tenantPod('web')).toMatchObject({ spec: { nodeName: 'n1' }, status: { podIP: '10.1.1.1' } });
    const node = await eventually('the node is there', () =>
      rig.tenant.objects(NODE).find(({ metadata }) => metadata.name === 'n1'),
    );
    expect(node.metadata.labels).toMatchObject({ 'kubernetes.io/arch': 'arm64' });
    const settings = await eventually('its settings are there', () =>
      rig.host.objects(CONFIG_MAP, TENANT.hostNamespace).find(({ data }) => data?.['a'] === '1'),
    );
    expect(settings.metadata.name).toBe('settings-x-shop-x-vc1');

    await rig.cluster.delete(POD, { namespace: 'shop', name: 'web' });
    await eventually('nothing is left', () => {
      const left = [
        rig.host.objects(POD),
        rig.host.objects(CONFIG_MAP, TENANT.hostNamespace),
        rig.tenant.objects(NODE),
      ];
      return left.every((objects) => objects.length === 0);
    });
  });

  it('begins where it was after a crash: nothing twice, nothing forgotten', async () => {
    rig = await SyncerRig.start();
    await rig.sync();
    const kept = await rig.runPod('kept');
    await rig.runPod('ended');
    await rig.stop();

    await rig.cluster.delete(POD, { namespace: 'shop', name: 'ended' });
    await rig.cluster.create(POD, { ...pod(), metadata: { name: 'fresh', namespace: 'shop' } });
    await rig.sync();

    await eventually(
      'the new one runs, the old one is gone',
      () => rig.hostPod('fresh') && !rig.hostPod('ended'),
    );
    expect(rig.hostPod('kept')?.metadata.uid).toBe(kept.metadata.uid);
    expect(rig.host.objects(POD)).toHaveLength(2);
  });

  it('deletes nothing but the pod that the host lost', async () => {
    rig = await SyncerRig.start();
    await rig.sync();
    const host = await rig.runPod('web');
    rig.report(host, 'n1');
    await eventually('it is bound', () => rig.tenantPod('web')?.spec?.nodeName === 'n1');
    await rig.cluster.create(SERVICE, {
      ...service('web', { ports: [{ port: 80 }] }),
      metadata: { name: 'web', namespace: 'shop' },
    });
    await eventually(
      'its service is there',
      () => rig.host.objects(SERVICE, TENANT.hostNamespace).length === 1,
    );

    await rig.hostClient.delete(POD, { namespace: TENANT.hostNamespace, name: host.metadata.name });

    await eventually('the tenant’s is gone', () => rig.tenantPod('web') === undefined);
    expect(rig.tenant.objects(SERVICE, 'shop')).toHaveLength(1);
  });

  it('leaves what is not the tenant’s alone, and takes another name', async () => {
    rig = await SyncerRig.start();
    const foreign = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'taken-x-shop-x-vc1', namespace: TENANT.hostNamespace },
      data: { whose: 'the host’s' },
    };
    rig.host.put(CONFIG_MAP, foreign);
    await rig.cluster.create(CONFIG_MAP, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'taken', namespace: 'shop' },
      data: { whose: 'the tenant’s' },
    });
    await rig.sync();

    await rig.runPod('web', {
      containers: [{ name: 'main', image: 'i', envFrom: [{ configMapRef: { name: 'taken' } }] }],
    });

    const own = await eventually('it is there under another name', () =>
      rig.host
        .objects(CONFIG_MAP, TENANT.hostNamespace)
        .find(({ metadata }) => metadata.labels?.[MARKER_LABEL] === 'vc1'),
    );
    expect(own.metadata.name).not.toBe(foreign.metadata.name);
    expect(own.data).toEqual({ whose: 'the tenant’s' });
    expect(rig.host.objects(CONFIG_MAP, TENANT.hostNamespace)).toContainEqual(
      expect.objectContaining({ data: foreign.data }),
    );
  });

  it('never puts two of the tenant’s objects into one of the host', async () => {
    rig = await SyncerRig.start();
    const force = { 'vcluster.loft.sh/force-sync': 'true' };
    const config = (name: string): ConfigMap => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'shop', annotations: force },
      data: { name },
    });
    const other = await rig.cluster.create(CONFIG_MAP, config('other'));
    // As if both names had one hash.
    rig.host.put(CONFIG_MAP, {
      ...config('taken-x-shop-x-vc1'),
      metadata: {
        name: 'taken-x-shop-x-vc1',
        namespace: TENANT.hostNamespace,
        labels: hostLabels(other, TENANT),
        annotations: hostAnnotations(other, CONFIG_MAP),
      },
    });
    await rig.cluster.create(CONFIG_MAP, config('taken'));
    await rig.sync();

    const data = await eventually('both are there', () => {
      const found = rig.host.objects(CONFIG_MAP, TENANT.hostNamespace).map((one) => one.data?.['name']);
      return found.length === 2 && found.includes('other') && found.includes('taken') ? found : undefined;
    });
    expect(data).toHaveLength(2);
  });

  it('says to the tenant why a pod is refused, once', async () => {
    rig = await SyncerRig.start();
    await rig.sync();

    await rig.cluster.create(POD, {
      ...pod({ hostNetwork: true }),
      metadata: { name: 'bad', namespace: 'shop' },
    });

    const said = await eventually('an event', () =>
      rig.tenant.objects(CORE_EVENT, 'shop').find(({ reason }) => reason === 'Refused'),
    );
    expect(said.message).toContain('spec.hostNetwork');
    expect(rig.hostPod('bad')).toBeUndefined();
  });

  it('says why the host refused, in the tenant’s words', async () => {
    rig = await SyncerRig.start();
    rig.host.addAdmission(({ object }) =>
      object?.['kind'] === 'Pod'
        ? { allowed: false, findings: [{ message: 'exceeded quota of web-x-shop-x-vc1 in team-a' }] }
        : { allowed: true },
    );
    await rig.sync();

    await rig.cluster.create(POD, { ...pod(), metadata: { name: 'web', namespace: 'shop' } });

    const said = await eventually('an event', () =>
      rig.tenant.objects(CORE_EVENT, 'shop').find(({ reason }) => reason === 'SyncError'),
    );
    expect(said.message).toContain('exceeded quota of web in shop');
  });

  it('brings events of the host to the tenant’s object', async () => {
    rig = await SyncerRig.start();
    await rig.sync();
    const host = await rig.runPod('web');

    rig.host.put(CORE_EVENT, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${host.metadata.name}.1`, namespace: TENANT.hostNamespace },
      involvedObject: {
        kind: 'Pod',
        name: host.metadata.name,
        namespace: TENANT.hostNamespace,
        uid: host.metadata.uid ?? '',
      },
      reason: 'Pulled',
      message: `pulled for ${host.metadata.name}`,
    });

    const told = await eventually('it is told', () =>
      rig.tenant.objects(CORE_EVENT, 'shop').find(({ reason }) => reason === 'Pulled'),
    );
    expect(told).toMatchObject({
      message: 'pulled for web',
      involvedObject: { name: 'web', namespace: 'shop' },
    });
  });

  it('keeps the tokens of a pod in a Secret that goes with it', async () => {
    rig = await SyncerRig.start();
    await rig.sync();
    const volumes = [{ name: 'api', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }];

    await rig.runPod('web', { containers: [{ name: 'main', image: 'i' }], volumes });

    const tenantPod = rig.tenantPod('web');
    if (tenantPod === undefined) throw new Error('no pod');
    const [secret] = rig.host.objects(SECRET, TENANT.hostNamespace);
    expect(secret?.metadata.name).toBe(tokenSecretName(tenantPod, TENANT));
    expect(secret?.data?.['api.0']).toBe(Buffer.from('token-1').toString('base64'));
    expect(rig.tokens).toEqual(['web']);

    await rig.cluster.delete(POD, { namespace: 'shop', name: 'web' });
    await eventually('it is gone', () => rig.host.objects(SECRET, TENANT.hostNamespace).length === 0);
  });

  it('touches nothing of another tenant in the same namespace', async () => {
    rig = await SyncerRig.start();
    const other = {
      ...pod(),
      metadata: {
        ...pod().metadata,
        name: 'web-x-shop-x-vc2',
        namespace: TENANT.hostNamespace,
        labels: { [MARKER_LABEL]: 'vc2' },
      },
    };
    rig.host.put(POD, other);
    rig.tenant.put(SERVICE, service('x', { ports: [{ port: 1 }] }));
    await rig.sync();

    await rig.runPod('web');

    expect(
      rig.host
        .objects(POD)
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(['web-x-shop-x-vc1', 'web-x-shop-x-vc2']);
  });
});
