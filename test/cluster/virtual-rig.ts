import { join } from 'node:path';
import type { ClusterAccess } from '../../src/client/access.ts';
import type { Client } from '../../src/client/client.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { NAMESPACE, SERVICE } from '../../src/kube/builtin-kinds.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { EgressServer } from '../../src/syncer/endpoint/egress-server.ts';
import { egressConfiguration, serviceWebhook } from '../../src/planes/door-files.ts';
import { serveTenant } from '../../src/syncer/serve-tenant.ts';
import type { Syncer } from '../../src/syncer/syncer.ts';
import type { Tenant } from '../../src/syncer/tenant.ts';
import { eventually } from '../doubles/eventually.ts';
import { freePort, type ApiProcesses } from './api-processes.ts';

/** By which certificate the egress server knows the tenant. */
const IDENTITY = 'tenant-uid';
const SERVER_NAME = 'localhost';
/** An address inside the host's Service range that no test dials. */
export const KUBERNETES_ADDRESS = '10.96.0.1';

/** What a virtual cluster of a test stands on. */
export interface VirtualRigOptions {
  readonly processes: ApiProcesses;
  readonly etcd: string;
  readonly tenant: Tenant;
  readonly host: Client;
  readonly hostAccess: ClusterAccess;
}

/** A virtual cluster: its API server as a process of this machine, and everything of ours around it in this one. */
export class VirtualRig {
  syncer!: Syncer;
  cluster!: Client;
  access!: ClusterAccess;
  readonly #options: VirtualRigOptions;
  readonly #egress = new EgressServer();
  #suffix = 0;

  private constructor(options: VirtualRigOptions) {
    this.#options = options;
  }

  static async start(options: VirtualRigOptions): Promise<VirtualRig> {
    const rig = new VirtualRig(options);
    const { processes, etcd } = options;
    const port = await freePort();
    const { cert, key } = await processes.certificate({ commonName: IDENTITY, usages: ['client'] });
    const files = {
      ca: processes.file('egress/ca.crt', processes.authority.cert),
      cert: processes.file('egress/client.crt', cert),
      key: processes.file('egress/client.key', key),
    };
    processes.file('webhooks/services.json', JSON.stringify(serviceWebhook(processes.authority.cert)));
    const manifests = join(processes.folder, 'webhooks');
    const { egressSelector, admission } = egressConfiguration(
      `https://${SERVER_NAME}:${port}`,
      files,
      manifests,
    );
    rig.access = await processes.apiServer('tenant', etcd, [
      `--egress-selector-config-file=${processes.file('egress.json', JSON.stringify(egressSelector))}`,
      `--admission-control-config-file=${processes.file('admission.json', JSON.stringify(admission))}`,
    ]);
    // Before the API server is ready: it asks about its own Service first of all.
    await rig.serve();
    await new Promise<void>((resolve) => rig.#egress.server.listen(port, '127.0.0.1', resolve));
    rig.cluster = await processes.ready(rig.access);
    await rig.run();
    await eventually(
      'kube-system is there',
      () => rig.cluster.find(NAMESPACE, { name: 'kube-system' }),
      30_000,
    );
    await rig.cluster.create(SERVICE, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace: 'kube-system' },
      spec: { selector: { 'k8s-app': 'kube-dns' }, ports: [{ name: 'dns', port: 53, protocol: 'UDP' }] },
    });
    return rig;
  }

  /** Everything of ours, made anew as after a crash of the process: all that it knew is forgotten. */
  async serve(): Promise<void> {
    const { tenant, host, hostAccess, processes } = this.#options;
    const served = await serveTenant({
      tenant,
      host,
      reviewer: host,
      hostAccess,
      cluster: processes.client(this.access),
      clock: systemClock,
      log: silentLog,
      identity: 'test',
      readsNodes: true,
      ingresses: true,
      networkPolicies: true,
      disruptionBudgets: true,
      authority: processes.authority,
      clientCa: processes.authority.cert,
      clientName: IDENTITY,
      serverName: SERVER_NAME,
      kubernetesAddress: KUBERNETES_ADDRESS,
      suffix: () => `g${(this.#suffix += 1)}`,
    });
    this.syncer = served.syncer;
    this.#egress.add(served.egress);
  }

  /** Watches both clusters, then works. */
  async run(): Promise<void> {
    await this.syncer.watch();
    this.syncer.work();
  }

  async stop(): Promise<void> {
    await this.syncer.stop();
    await this.#egress.close();
  }
}
