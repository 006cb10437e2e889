import type { EtcdServer } from '../store-server.ts';
import { KubeError } from '../../kube/kube-error.ts';
import { messageOf } from '../../lib/error-text.ts';
import { connectEtcd, type EtcdChange, type EtcdClient } from './etcd-client.ts';
import { KEY_END, KEY_FROM } from './kept-objects.ts';
import type { StoreState } from './store-state.ts';

/** Objects a page. */
const PAGE = 500;

/** The same etcd as a plane sees it whose keys begin with a prefix: they read as if they began as Kubernetes' own do. */
export function underPrefix(client: EtcdClient, prefix: string): EtcdClient {
  const own = KEY_FROM.slice(0, -1);
  const outer = (key: string): string => `${prefix}${key.slice(own.length)}`;
  const inner = (key: string): string => `${own}${key.slice(prefix.length)}`;
  return {
    ...client,
    range: async (from, end, how) => {
      const page = await client.range(outer(from), outer(end), how);
      return { ...page, entries: page.entries.map((one) => ({ ...one, key: inner(one.key) })) };
    },
    change: (changes, unless) =>
      client.change(
        changes.map((one): EtcdChange =>
          'put' in one ? { ...one, put: outer(one.put) } : { delete: outer(one.delete) },
        ),
        unless && { ...unless, from: outer(unless.from), end: outer(unless.end) },
      ),
    deleteRange: (from, end) => client.deleteRange(outer(from), outer(end)),
  };
}

/** Makes sure that an etcd answers to whoever has these keys: before an API server is made that would try for ever. Throws KubeError. */
export async function ensureEtcdPrefix(server: EtcdServer, prefix: string): Promise<void> {
  await withPrefix(server, prefix, async (client) => {
    await client.range(KEY_FROM, KEY_END, { limit: 1, revision: 0, countOnly: true });
  });
}

/** Takes everything of a plane away. Safe to repeat. Throws KubeError. */
export async function dropEtcdPrefix(server: EtcdServer, prefix: string): Promise<void> {
  await withPrefix(server, prefix, (client) => client.deleteRange(KEY_FROM, KEY_END));
}

/** What a plane has there. Its bytes are those of its objects; the file they are in is everybody's. Throws KubeError. */
export async function etcdPrefixState(server: EtcdServer, prefix: string): Promise<StoreState> {
  return withPrefix(server, prefix, async (client) => {
    let [bytes, objects, from] = [0, 0, KEY_FROM];
    for (;;) {
      const { entries, more } = await client.range(from, KEY_END, { limit: PAGE, revision: 0 });
      for (const { key, value } of entries) bytes += key.length + value.length;
      objects += entries.length;
      const last = entries.at(-1);
      if (!more || last === undefined) break;
      from = `${last.key}\0`;
    }
    // Who may not ask is not told.
    const alarms = await client.alarms().catch(() => []);
    return { bytes, objects, alarms };
  });
}

async function withPrefix<T>(
  server: EtcdServer,
  prefix: string,
  work: (client: EtcdClient) => Promise<T>,
): Promise<T> {
  const client = await connectAny(server);
  try {
    return await work(underPrefix(client, prefix));
  } finally {
    client.close();
  }
}

/** The first member that answers. */
async function connectAny({ endpoints, ca, cert, key }: EtcdServer): Promise<EtcdClient> {
  const problems: string[] = [];
  for (const { host, port } of endpoints) {
    try {
      return await connectEtcd({ host, port, ca, cert, key });
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  throw new KubeError('ServiceUnavailable', problems.join('; '));
}
