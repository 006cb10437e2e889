import { OPERATOR_NAME, RELEASE_NAME_ANNOTATION } from '../api/names.ts';
import { CLUSTER_ROLE, DEPLOYMENT } from '../kube/builtin-kinds.ts';
import type { CliIo } from './cli-io.ts';
import type { Connection } from './connect.ts';
import { installInto } from './install.ts';

/** Name of the Helm release with what belongs to the whole cluster, applied by its owner for a provider. */
export const CLUSTER_RELEASE = 'tenantry-cluster';
const TIMEOUT_SECONDS = 60;

/**
 * Applies the cluster part of our chart for a provider whose namespace is to hold the operator: if nobody has, or to bring up to date
 * what was applied before. An operator that somebody else installed is left alone.
 */
export async function applyClusterPart(io: CliIo, connection: Connection, namespace: string): Promise<void> {
  const owner = await clusterPartOwner(connection);
  if (owner !== undefined && owner !== `${namespace}/${CLUSTER_RELEASE}`) return;
  await installInto(io, connection, {
    namespace,
    name: CLUSTER_RELEASE,
    values: { parts: { cluster: true, operator: false } },
    wait: false,
    timeout: TIMEOUT_SECONDS,
  });
}

/** Takes it away again, unless an operator still runs there and needs it. */
export async function removeClusterPart(io: CliIo, connection: Connection, namespace: string): Promise<void> {
  const owner = await clusterPartOwner(connection);
  if (owner !== `${namespace}/${CLUSTER_RELEASE}`) return;
  const { OPERATOR_SELECTOR } = await import('../features/installation/release-instances.ts');
  const running = await connection.client.list(DEPLOYMENT, { namespace, labelSelector: OPERATOR_SELECTOR });
  if (running.items.length > 0) {
    io.out(
      `The cluster part stays, for an operator runs in ${namespace}. When that is gone, run this again.\n`,
    );
    return;
  }
  const { uninstallOperator } = await import('../features/installation/uninstall.ts');
  await uninstallOperator({
    client: connection.client,
    discovery: connection.discovery,
    clock: io.clock,
    progress: io.progress,
    signal: io.signal,
    release: { name: CLUSTER_RELEASE, namespace },
    instances: 'keep',
    timeoutMs: TIMEOUT_SECONDS * 1000,
  });
}

/** `namespace/release` that wrote the cluster part; undefined if nobody has. */
async function clusterPartOwner({ client }: Connection): Promise<string | undefined> {
  const role = await client.find(CLUSTER_ROLE, { name: OPERATOR_NAME });
  if (role === undefined) return undefined;
  const notes = role.metadata.annotations ?? {};
  return `${notes['meta.helm.sh/release-namespace'] ?? ''}/${notes[RELEASE_NAME_ANNOTATION] ?? ''}`;
}
