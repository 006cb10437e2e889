import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dealShards, shardOf, type ShardView } from './shards.ts';

const deal = (count: number, members: string[], holders: Record<number, string> = {}): string =>
  [...dealShards({ count, members, holders: toMap(holders) })]
    .toSorted(([a], [b]) => a - b)
    .map(([shard, member]) => `${shard}${member}`)
    .join(' ');

const toMap = (holders: Record<number, string>): Map<number, string> =>
  new Map(Object.entries(holders).map(([shard, member]) => [Number(shard), member]));

/** Any number of shards and replicas, with holders of whom some are gone. */
const views: fc.Arbitrary<ShardView> = fc
  .record({
    count: fc.integer({ min: 1, max: 24 }),
    members: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 }),
    holding: fc.array(fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'gone')), {
      minLength: 24,
      maxLength: 24,
    }),
  })
  .map(({ count, members, holding }) => ({
    count,
    members,
    holders: new Map(
      holding.slice(0, count).flatMap((holder, shard) => (holder === null ? [] : [[shard, holder] as const])),
    ),
  }));

const sizes = (view: ShardView, dealt: ReadonlyMap<number, string>): number[] =>
  view.members.map((member) => [...dealt.values()].filter((holder) => holder === member).length);

describe('dealShards', () => {
  it.each([
    ['one replica holds everything', deal(3, ['a']), '0a 1a 2a'],
    ['each has one', deal(3, ['c', 'a', 'b']), '0a 1b 2c'],
    [
      'a second replica takes from the first',
      deal(4, ['a', 'b'], { 0: 'a', 1: 'a', 2: 'a', 3: 'a' }),
      '0a 1a 2b 3b',
    ],
    ['the one more stays where it is', deal(3, ['a', 'b'], { 0: 'b', 1: 'b', 2: 'a' }), '0b 1b 2a'],
    [
      'what a gone replica held goes to who has least',
      deal(3, ['a', 'b'], { 0: 'a', 1: 'gone', 2: 'b' }),
      '0a 1a 2b',
    ],
    ['more replicas than shards: some wait', deal(2, ['a', 'b', 'c'], { 0: 'c', 1: 'b' }), '0c 1b'],
  ])('%s', (_what, dealt, expected) => expect(dealt).toBe(expected));

  it('deals every shard to a replica that takes part, in fair shares', () => {
    fc.assert(
      fc.property(views, (view) => {
        const dealt = dealShards(view);
        expect([...dealt.keys()].toSorted((a, b) => a - b)).toEqual([...Array(view.count).keys()]);
        const counts = sizes(view, dealt);
        expect(counts.reduce((sum, n) => sum + n, 0)).toBe(view.count);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('moves no shard that could stay', () => {
    fc.assert(
      fc.property(views, (view) => {
        const stayed = [...dealShards(view)].filter(([shard, to]) => view.holders.get(shard) === to).length;
        // The best there is: everybody keeps up to a fair share, and the ones more go to those who hold most.
        const held = view.members
          .map((member) => [...view.holders.values()].filter((holder) => holder === member).length)
          .toSorted((a, b) => b - a);
        const each = Math.floor(view.count / view.members.length);
        const oneMore = view.count % view.members.length;
        const best = held.reduce((sum, n, at) => sum + Math.min(n, each + (at < oneMore ? 1 : 0)), 0);
        expect(stayed).toBe(best);
      }),
    );
  });

  it('is at rest once everybody has what was dealt', () => {
    fc.assert(
      fc.property(views, (view) => {
        const dealt = dealShards(view);
        expect(dealShards({ ...view, holders: dealt })).toEqual(dealt);
      }),
    );
  });
});

describe('shardOf', () => {
  it('spreads UIDs evenly and never changes its mind', () => {
    const uids = Array.from(
      { length: 30_000 },
      (_, n) => `${n.toString(16).padStart(8, '0')}-1111-4111-8111-11111111`,
    );
    const counts = [0, 0, 0];
    for (const uid of uids) counts[shardOf(uid, 3)]! += 1;

    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
    // A process of another version must find the same: a change here would have two replicas work on one object.
    expect([1, 2, 3, 16].map((count) => shardOf('3b241101-e2bb-4255-8caf-4136c566a962', count))).toEqual([
      0, 0, 2, 4,
    ]);
  });
});
