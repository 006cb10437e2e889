import { describe, expect, it } from 'vitest';
import { isSettled, nextEncryption, rewriteDue, type EncryptionFacts } from './encryption-steps.ts';
import type { EncryptionState } from './encryption.ts';

let made = 0;
const facts = (change: Partial<EncryptionFacts> = {}): EncryptionFacts => ({
  isNew: false,
  isRolledOut: true,
  restoredAt: '',
  rewritten: undefined,
  newSecret: () => `secret ${(made += 1)}`,
  ...change,
});
const names = (state: EncryptionState | undefined): readonly string[] =>
  (state?.providers ?? []).map((one) => (one === 'identity' ? one : one.name.replace(/-.{8}$/, '')));

type Asked = Parameters<typeof nextEncryption>[1];

/** Every state on the way, each rolled out, Secrets written anew where that is due. */
function walk(from: EncryptionState | undefined, asked: Asked): readonly EncryptionState[] {
  const seen: EncryptionState[] = [];
  let [state, rewritten] = [from, undefined as string | undefined]; // nothing is rewritten yet
  for (let n = 0; n < 10; n += 1) {
    const next = nextEncryption(state, asked, facts({ rewritten }));
    if (next === undefined || next === state) {
      const due = next && rewriteDue(next, asked, facts({ rewritten }));
      if (due === undefined) break;
      rewritten = due;
      continue;
    }
    seen.push(next);
    state = next;
  }
  return seen;
}

describe('keys of a plane', () => {
  it('are none where nobody asks', () => {
    expect(nextEncryption(undefined, undefined, facts())).toBeUndefined();
  });

  it('write at once in a plane that is new, for nobody else reads', () => {
    expect(names(nextEncryption(undefined, {}, facts({ isNew: true })))).toEqual(['first', 'identity']);
  });

  it('are read by all API servers before one writes with them, and what was there is written anew', () => {
    const way = walk(undefined, {});

    expect(way.map(names)).toEqual([
      ['identity', 'first'],
      ['first', 'identity'],
      ['first', 'identity'],
    ]);
    expect(way.map(({ rewritten }) => rewritten === undefined)).toEqual([true, true, false]);
    expect(isSettled(way.at(-1) ?? { providers: [] }, {}, facts())).toBe(true);
    expect(isSettled(way[1] ?? { providers: [] }, {}, facts())).toBe(false);
  });

  it('follow each other: the old one goes when nothing is written with it any more', () => {
    const first = walk(undefined, {}).at(-1);

    const way = walk(first, { keyName: 'second' });

    expect(way.map(names)).toEqual([
      ['first', 'identity', 'second'],
      ['second', 'first', 'identity'],
      ['second', 'identity'],
    ]);
    expect(way[1]?.rewritten).toBeUndefined();
  });

  it('go, when all Secrets are kept as they are', () => {
    const first = walk(undefined, { provider: 'aescbc' }).at(-1);

    expect(walk(first, undefined).map(names)).toEqual([['identity', 'first'], ['identity']]);
  });

  it('take no step while an API server runs with the state before', () => {
    const state = walk(undefined, {})[0];

    expect(nextEncryption(state, {}, facts({ isRolledOut: false }))).toBe(state);
    expect(rewriteDue(walk(undefined, {})[1] ?? { providers: [] }, {}, facts({ isRolledOut: false }))).toBe(
      undefined,
    );
  });

  it('are others under the same name: a snapshot with the old one is told apart', () => {
    const first = walk(undefined, {}).at(-1);
    const second = walk(first, { keyName: 'second' }).at(-1);
    const again = walk(second, { keyName: 'first' }).at(-1);

    expect(names(again)).toEqual(names(first));
    expect(again?.providers[0]).not.toEqual(first?.providers[0]);
  });

  it('are used for what a snapshot brought', () => {
    const state = walk(undefined, {}).at(-1) ?? { providers: [] };
    const after = facts({ restoredAt: '2026-01-01T00:00:00Z' });

    expect(rewriteDue(state, {}, facts())).toBeUndefined();
    expect(rewriteDue(state, {}, after)).toContain('2026-01-01');
    expect(isSettled(state, {}, after)).toBe(false);
  });
});
