import type { ClusterAccess } from '../client/access.ts';
import type { Client } from '../client/client.ts';
import type { Discovery } from '../client/discovery.ts';
import type { CliIo } from './cli-io.ts';

/** Where the operator runs when nothing else is said. */
export const DEFAULT_NAMESPACE = 'tenantry-system';

/** A cluster a command talks to. */
export interface Connection {
  readonly client: Client;
  readonly discovery: Discovery;
  /** Namespace of the kubeconfig's context. */
  readonly namespace: string;
  /** Where the API server is and how it proves that it is the one. */
  readonly access: ClusterAccess;
}

/** Which kubeconfig and which of its contexts, where it is not kubectl's choice. */
export interface ConnectChoice {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** Connects as kubectl would, or with the named kubeconfig and context. The caller closes the client. Throws KubeconfigError. */
export async function connect(io: CliIo, { kubeconfig, context }: ConnectChoice): Promise<Connection> {
  // Loaded only by commands that talk to a cluster: the HTTP client is most of the start-up time.
  const [{ loadAccess }, { nodeSurroundings }, { createClient }, { createDiscovery }] = await Promise.all([
    import('../client/load-access.ts'),
    import('../client/surroundings.ts'),
    import('../client/http-client.ts'),
    import('../client/discovery.ts'),
  ]);
  const access = await loadAccess({ kubeconfig, context }, nodeSurroundings(io));
  const client = createClient(access, { clock: io.clock, userAgent: 'tenantry-cli' });
  return { client, discovery: createDiscovery(client, io.clock), namespace: access.namespace, access };
}

/** Does something with a cluster and closes the connections afterwards. */
export async function withClient<T>(
  io: CliIo,
  { kubeconfig, context }: ConnectChoice,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(io, { kubeconfig, context });
  try {
    return await work(connection);
  } finally {
    await connection.client.close();
  }
}
