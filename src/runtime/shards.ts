/** Work that is divided by the objects' UIDs, so that several processes carry it. */

/** FNV-1a, 32 bits: well spread, a few nanoseconds, the same in every version of the program. */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The shard, 0 to `count` - 1, that an object belongs to all its life: nobody can choose a UID. */
export function shardOf(uid: string, count: number): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < uid.length; index += 1) {
    hash = Math.imul(hash ^ uid.charCodeAt(index), FNV_PRIME);
  }
  return (hash >>> 0) % count;
}

/** Who is there, and who holds what, as one replica sees it. */
export interface ShardView {
  readonly count: number;
  /** Replicas that take part, in any order. */
  readonly members: readonly string[];
  /** Holders by shard; none of those who do not take part counts. */
  readonly holders: ReadonlyMap<number, string>;
}

/**
 * Who should hold each shard. Everybody gets ⌊shards ÷ replicas⌋ or one more, those who hold most the one more; what
 * a replica holds within its share stays with it, so no shard moves without need. Replicas that see the same decide the
 * same; where they do not, the leases still let one alone have a shard, and the next look settles it.
 */
export function dealShards({ count, members, holders }: ShardView): ReadonlyMap<number, string> {
  const shards = Array.from({ length: count }, (_, shard) => shard);
  const hands = [...new Set(members)]
    .map((member) => ({ member, held: shards.filter((shard) => holders.get(shard) === member) }))
    .toSorted((a, b) => b.held.length - a.held.length || (a.member < b.member ? -1 : 1));
  const each = Math.floor(count / hands.length);
  const oneMore = count % hands.length;
  const dealt = new Map<number, string>();
  const room = hands.map(({ member, held }, index) => {
    const share = each + (index < oneMore ? 1 : 0);
    const kept = held.slice(0, share);
    for (const shard of kept) dealt.set(shard, member);
    return { member, free: share - kept.length };
  });
  const places = room.flatMap(({ member, free }) => Array.from({ length: free }, () => member));
  for (const shard of shards) {
    const next = dealt.has(shard) ? undefined : places.shift();
    if (next !== undefined) dealt.set(shard, next);
  }
  return dealt;
}
