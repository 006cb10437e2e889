import { afterEach, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import { systemClock } from '../../src/lib/clock.ts';
import {
  CONFIG_MAP,
  CORE_EVENT,
  NODE,
  POD,
  SECRET,
  SERVICE,
  type Pod,
} from '../../src/kube/builtin-kinds.ts';
import { HOST_UID_ANNOTATION, MARKER_LABEL } from '../../src/syncer/marks.ts';
import { tokenSecretName } from '../../src/syncer/pods/pod-tokens.ts';
import { Syncer } from '../../src/syncer/syncer.ts';
import type { TenantCalls } from '../../src/syncer/tenant-calls.ts';
import { pod, service, TENANT } from '../builders/virtual.ts';
import { eventually } from '../doubles/eventually.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';

const QUIET = (): void => undefined;
const LOG = { debug: QUIET, info: QUIET, warn: QUIET, error: QUIET, child: () => LOG };

/** Two API servers and the syncer between them; the doors that the fake lacks are opened by hand. */
class Rig {
  readonly tenant: FakeApi;
  readonly host: FakeApi;
  readonly cluster: Client;
  readonly hostClient: Client;
  readonly tokens: string[] = [];
  syncer: Syncer | undefined;

  private constructor(tenant: FakeApi, host: FakeApi) {
    this.tenant = tenant;
    this.host = host;
    this.cluster = tenant.client();
    this.hostClient = host.client();
  }

  static async start(): Promise<Rig> {
    const tenant = await startFakeApi({ namespaces: ['default', 'kube-system', 'shop'] });
    const host = await startFakeApi({ namespaces: [TENANT.hostNamespace, 'other'] });
    const rig = new Rig(tenant, host);
    rig.tenant.put(SERVICE, service('kube-dns', { clusterIP: '10.96.0.10' }, { namespace: 'kube-system' }));
    return rig;
  }

  async sync(): Promise<void> {
    const calls: TenantCalls = {
      bind: ({ metadata }, node, hostUid) => {
        const present = this.tenantPod(metadata.name);
        if (present !== undefined)
          this.tenant.put(POD, {
            ...present,
            metadata: { ...present.metadata, annotations: { [HOST_UID_ANNOTATION]: hostUid } },
            spec: { containers: [], ...present.spec, nodeName: node },
          });
        return Promise.resolve();
      },
      requestToken: ({ metadata }) => {
        this.tokens.push(metadata.name);
        return Promise.resolve({
          token: `token-${this.tokens.length}`,
          expiresAt: systemClock.now() + 3_600_000,
        });
      },
    };
    this.syncer = new Syncer({
      tenant: TENANT,
      host: this.host.client(),
      cluster: this.tenant.client(),
      clock: systemClock,
      log: LOG,
      identity: 'test',
      readsNodes: true,
      ingresses: true,
      networkPolicies: true,
      disruptionBudgets: true,
      calls,
    });
    await this.syncer.watch();
    this.syncer.work();
  }

  async stop(): Promise<void> {
    await this.syncer?.stop();
    this.syncer = undefined;
  }

  tenantPod(name: string): Pod | undefined {
    return this.tenant.objects(POD, 'shop').find(({ metadata }) => metadata.name === name);
  }

  hostPod(name: string): Pod | undefined {
    return this.host
      .objects(POD, TENANT.hostNamespace)
      .find(({ metadata }) => metadata.name === `${name}-x-shop-x-vc1`);
  }

  /** A pod of the tenant, and the host's once it is there. */
  async runPod(
    name: string,
    spec: NonNullable<Pod['spec']> = { containers: [{ name: 'main', image: 'i' }] },
  ): Promise<Pod> {
    await this.cluster.create(POD, { ...pod(spec), metadata: { name, namespace: 'shop' } });
    return eventually(`the host runs ${name}`, () => this.hostPod(name));
  }

  /** What a kubelet of the host would say. */
  report(host: Pod, node: string): void {
    const status = {
      phase: 'Running',
      startTime: '2026-01-01T00:00:00Z',
      podIP: '10.1.1.1',
      hostIP: '10.0.0.5',
    };
    this.host.put(POD, { ...host, spec: { containers: [], ...host.spec, nodeName: node }, status });
  }
}

let rig: Rig;
afterEach(async () => {
  await rig.stop();
  await rig.tenant.close();
  await rig.host.close();
});

describe('the syncer', () => {
  it('runs a pod on the host with what it reads, and tells the tenant how it goes', async () => {
    rig = await Rig.start();
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
    rig = await Rig.start();
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
    rig = await Rig.start();
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
    rig = await Rig.start();
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

  it('says to the tenant why a pod is refused, once', async () => {
    rig = await Rig.start();
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
    rig = await Rig.start();
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
    rig = await Rig.start();
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
    rig = await Rig.start();
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
    rig = await Rig.start();
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
