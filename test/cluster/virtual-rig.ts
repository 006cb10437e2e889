import type { Server } from 'node:https';
import { join } from 'node:path';
import type { ClusterAccess } from '../../src/client/access.ts';
import type { Client } from '../../src/client/client.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { NAMESPACE, SERVICE } from '../../src/kube/builtin-kinds.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createEgressServer } from '../../src/syncer/endpoint/egress-server.ts';
import { hostDoor } from '../../src/syncer/endpoint/host-door.ts';
import { egressConfiguration, serviceWebhook } from '../../src/syncer/endpoint/plane-files.ts';
import { TenantEndpoint } from '../../src/syncer/endpoint/tenant-endpoint.ts';
import { Syncer } from '../../src/syncer/syncer.ts';
import type { Tenant } from '../../src/syncer/tenant.ts';
import { eventually } from '../doubles/eventually.ts';
import { freePort, type ApiProcesses } from './api-processes.ts';

/** By which certificate the egress server knows the tenant. */
const IDENTITY = 'tenant-uid';
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
  #endpoint!: TenantEndpoint;
  #egress!: Server;
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
    const { egressSelector, admission } = egressConfiguration(`https://127.0.0.1:${port}`, files, manifests);
    rig.access = await processes.apiServer('tenant', etcd, [
      `--egress-selector-config-file=${processes.file('egress.json', JSON.stringify(egressSelector))}`,
      `--admission-control-config-file=${processes.file('admission.json', JSON.stringify(admission))}`,
    ]);
    // Before the API server is ready: it asks about its own Service first of all.
    rig.syncer = rig.newSyncer();
    await rig.#listen(port);
    rig.cluster = await processes.ready(rig.access);
    await rig.syncer.start();
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

  newSyncer(): Syncer {
    const { tenant, host, processes } = this.#options;
    return new Syncer({
      tenant,
      host,
      cluster: processes.client(this.access),
      clock: systemClock,
      log: silentLog,
      identity: 'test',
      readsNodes: true,
      ingresses: true,
      networkPolicies: true,
      disruptionBudgets: true,
    });
  }

  async #listen(port: number): Promise<void> {
    const { processes, host, hostAccess } = this.#options;
    this.#endpoint = new TenantEndpoint({
      mirror: this.syncer.mirror,
      host,
      door: hostDoor(hostAccess),
      log: silentLog,
      kubernetesAddress: KUBERNETES_ADDRESS,
      suffix: () => `g${(this.#suffix += 1)}`,
      certificate: (request) => processes.certificate({ ...request, usages: ['server'] }),
      clientCa: processes.authority.cert,
    });
    const { cert, key } = await processes.certificate({
      commonName: 'egress',
      ipAddresses: ['127.0.0.1'],
      usages: ['server'],
    });
    this.#egress = createEgressServer({
      cert,
      key,
      ca: processes.authority.cert,
      endpointOf: (name) => (name === IDENTITY ? this.#endpoint : undefined),
    });
    await new Promise<void>((resolve) => this.#egress.listen(port, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    await this.syncer.stop();
    await this.#endpoint.close();
    this.#egress.closeAllConnections();
    this.#egress.close();
  }
}
