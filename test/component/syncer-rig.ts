import type { Client } from '../../src/client/client.ts';
import { POD, SERVICE, type Pod } from '../../src/kube/builtin-kinds.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { HOST_UID_ANNOTATION } from '../../src/syncer/marks.ts';
import { Syncer } from '../../src/syncer/syncer.ts';
import type { TenantCalls } from '../../src/syncer/tenant-calls.ts';
import { pod, service, TENANT } from '../builders/virtual.ts';
import { eventually } from '../doubles/eventually.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';

/** Two API servers and the syncer between them; the doors that the fake lacks are opened by hand. */
export class SyncerRig {
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

  static async start(): Promise<SyncerRig> {
    const tenant = await startFakeApi({ namespaces: ['default', 'kube-system', 'shop'] });
    const host = await startFakeApi({ namespaces: [TENANT.hostNamespace, 'other'] });
    const rig = new SyncerRig(tenant, host);
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
      log: silentLog,
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

  async close(): Promise<void> {
    await this.stop();
    await this.tenant.close();
    await this.host.close();
  }
}
