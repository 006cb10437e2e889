import { KubeError } from '../../kube/kube-error.ts';
import type { EtcdChange, EtcdClient } from './etcd-client.ts';
import {
  KEY_END,
  KEY_FROM,
  LEASE_SECONDS,
  type KeptObject,
  type KeptStore,
  type Reading,
  type Restored,
} from './kept-objects.ts';
import { restoreChanges } from './restore-changes.ts';

/** What one transaction may hold. */
export interface EtcdLimits {
  readonly operations: number;
  readonly bytes: number;
}

/** Objects a page: a few MB. */
const PAGE = 500;
/** A tenant that writes all the time is in the way now and then, not always. */
const TRIES = 10;
/** What a change needs beside its key and its value. */
const OVERHEAD_BYTES = 64;

/** The objects of a plane in etcd. */
export function etcdStore(client: EtcdClient, limits: EtcdLimits): KeptStore {
  return {
    read: () => read(client),
    restore: (objects) => restore(client, objects, limits),
    close: async () => client.close(),
  };
}

async function read(client: EtcdClient): Promise<Reading> {
  const first = await client.range(KEY_FROM, KEY_END, { limit: PAGE, revision: 0 });
  const { revision } = first;
  async function* pages(): AsyncIterable<readonly KeptObject[]> {
    let page = first;
    for (;;) {
      yield page.entries;
      const last = page.entries.at(-1);
      if (!page.more || last === undefined) return;
      // The next key there can be.
      page = await client.range(`${last.key}\0`, KEY_END, { limit: PAGE, revision });
    }
  }
  return { revision, pages: pages() };
}

/** In one transaction where it fits into one: all of it or nothing. What is larger is written piece by piece; done again, it goes on. */
async function restore(
  client: EtcdClient,
  objects: readonly KeptObject[],
  limits: EtcdLimits,
): Promise<Restored> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { revision, pages } = await read(client);
    const present = new Map<string, KeptObject>();
    for await (const page of pages) for (const one of page) present.set(one.key, one);
    const changes = restoreChanges(present, objects);
    const lease = changes.put.some(({ leased }) => leased) ? await client.lease(LEASE_SECONDS) : 0n;
    const operations: readonly EtcdChange[] = [
      ...changes.put.map(({ key, value, leased }) => ({ put: key, value, ...(leased ? { lease } : {}) })),
      ...changes.delete.map((key) => ({ delete: key })),
    ];
    const done = { written: changes.put.length, deleted: changes.delete.length };
    const [first, ...others] = inPieces(operations, limits);
    if (first === undefined) return { ...done, revision };
    let last = await client.change(first, { from: KEY_FROM, end: KEY_END, revision });
    if (last === undefined) continue;
    for (const piece of others) last = (await client.change(piece)) ?? last;
    return { ...done, revision: last };
  }
  throw new KubeError(
    'Conflict',
    `Something writes to the plane all the time; nothing was restored. Try again`,
  );
}

/** Changes that go together. Pure. */
export function inPieces(
  changes: readonly EtcdChange[],
  { operations, bytes }: EtcdLimits,
): readonly (readonly EtcdChange[])[] {
  const pieces: EtcdChange[][] = [];
  let size = Infinity;
  for (const change of changes) {
    const own =
      OVERHEAD_BYTES + ('put' in change ? change.put.length + change.value.length : change.delete.length);
    const last = pieces.at(-1);
    if (last === undefined || last.length >= operations || size + own > bytes) {
      pieces.push([change]);
      size = own;
    } else {
      last.push(change);
      size += own;
    }
  }
  return pieces;
}
