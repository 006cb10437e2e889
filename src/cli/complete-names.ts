import type { Client } from '../client/client.ts';
import type { ServedResource } from '../client/discovery-documents.ts';
import type { CliIo } from './cli-io.ts';
import type { Ask, Suggestion } from './complete-words.ts';
import { connect } from './connect.ts';

/** Milliseconds that a cluster has: a shell that waits longer is worse than one that offers nothing. */
const PATIENCE_MS = 2_000;

/** Names out of the cluster of the kubeconfig: kinds of services, instances, namespaces. Nothing where it does not answer. */
export function askCluster(io: CliIo): Ask {
  return async (argument, before, kubeconfig) => {
    const look = LOOKS[argument];
    if (look === undefined) return [];
    try {
      const { client, discovery } = await connect(io, { kubeconfig });
      try {
        const cancel = new AbortController();
        const stop = io.clock.after(PATIENCE_MS, () => cancel.abort());
        const late = new Promise<never>((_, reject) =>
          cancel.signal.addEventListener('abort', () => reject(new Error('the cluster takes too long'))),
        );
        const names = (async () => look(client, await discovery.resources(), before))();
        return await Promise.race([names, late]).finally(stop);
      } finally {
        await client.close();
      }
    } catch {
      return [];
    }
  };
}

type Look = (
  client: Client,
  resources: readonly ServedResource[],
  before: readonly string[],
) => Promise<readonly Suggestion[]> | readonly Suggestion[];

const LOOKS: Readonly<Record<string, Look>> = {
  kind: async (_client, resources) => {
    const { serviceKinds } = await import('../features/application/find-application.ts');
    return serviceKinds(resources).map(({ kind, group }) => ({ word: kind, about: group }));
  },
  instance: async (client, resources, [word = '']) => {
    const { findKinds } = await import('../client/find-kinds.ts');
    const [kind] = findKinds(resources, word);
    if (kind === undefined) return [];
    const { items } = await client.list(kind);
    return items.map(({ metadata }) => ({ word: metadata.name, about: metadata.namespace ?? '' }));
  },
  namespace: namespaces,
  other: async (client, resources, before) =>
    (await namespaces(client, resources)).filter(({ word }) => !before.includes(word)),
};

async function namespaces(
  client: Client,
  _resources: readonly ServedResource[],
): Promise<readonly Suggestion[]> {
  const { NAMESPACE } = await import('../kube/builtin-kinds.ts');
  const { items } = await client.list(NAMESPACE);
  return items.map(({ metadata }) => ({ word: metadata.name, about: '' }));
}
