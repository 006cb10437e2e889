import type { EtcdClient } from './etcd-client.ts';
import { KEY_END, KEY_FROM } from './kept-objects.ts';
import type { StoreState } from './store-state.ts';

/** A smaller one is not worth standing still for. */
const WORTH_BYTES = 64 * 1024 ** 2;
/** Given back when this share of the file holds nothing. */
const WORTH_SHARE = 0.5;
/** An etcd that was full takes writes again when this share of its quota is in use at most; above, it would be full at once. */
const DISARM_SHARE = 0.8;

/**
 * Looks how an etcd is, and does for it what it does not do itself: gives space back that nothing is in, member by member, and has it take writes
 * again when it was full and no longer is. Old revisions go by themselves: the API server compacts. Throws KubeError.
 */
export async function tendEtcd(members: readonly EtcdClient[], quotaBytes: number): Promise<StoreState> {
  const [first] = members;
  if (first === undefined) throw new RangeError('An etcd has a member');
  const isFull = (await first.alarms()).includes('NOSPACE');
  if (isFull) {
    const { revision } = await first.range(KEY_FROM, KEY_END, { limit: 1, revision: 0, countOnly: true });
    // What another one compacted already is none of our business.
    await first.compact(revision).catch(() => undefined);
  }
  for (const member of members) {
    const { bytes, bytesInUse } = await member.status();
    const isWorthIt = bytes > WORTH_BYTES && bytesInUse < bytes * WORTH_SHARE;
    if (isFull || isWorthIt) await member.defragment();
  }
  const states = await Promise.all(members.map((member) => member.status()));
  const bytes = Math.max(...states.map((state) => state.bytes));
  if (isFull && bytes < quotaBytes * DISARM_SHARE) await first.disarm();
  const { count } = await first.range(KEY_FROM, KEY_END, { limit: 1, revision: 0, countOnly: true });
  return { bytes, objects: count, alarms: await first.alarms() };
}
