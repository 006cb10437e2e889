import type { ClusterAccess } from '../client/access.ts';
import type { Client } from '../client/client.ts';
import {
  VIRTUAL_CLUSTER_CONTROLLER,
  virtualClusterController,
} from '../features/virtualcluster/controller.ts';
import type { VirtualClusterSettings } from '../features/virtualcluster/settings.ts';
import { Tenants } from '../features/virtualcluster/tenants.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Manager } from '../runtime/manager.ts';

interface VirtualClustersOptions {
  readonly manager: Manager;
  readonly client: Client;
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly log: Log;
  readonly identity: string;
  readonly settings: VirtualClusterSettings;
  readonly suffix: () => string;
  /** Of the door. */
  readonly port: number;
}

/** Virtual clusters in this process: their controller, which works in the leader, and what every replica serves until the signal aborts. */
export function virtualClusters(options: VirtualClustersOptions): {
  run: (signal: AbortSignal) => Promise<void>;
} {
  const { manager, client, port, log, ...rest } = options;
  const tenants = new Tenants({
    ...rest,
    client,
    log,
    leader: manager.client,
    onChange: ({ tenant }) =>
      manager.enqueue(VIRTUAL_CLUSTER_CONTROLLER, { namespace: tenant.hostNamespace, name: tenant.name }),
  });
  manager.addController(
    virtualClusterController({ client: manager.client, settings: options.settings, tenants }),
  );
  return {
    run: async (signal) => {
      tenants.door.server.on('error', (error) => log.error('The door of virtual clusters failed', { error }));
      tenants.door.server.listen(port);
      await tenants.run(manager.stores, signal);
    },
  };
}
