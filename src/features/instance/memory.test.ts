import { describe, expect, it } from 'vitest';
import { InstanceMemories } from './memory.ts';

const ref = (name: string): { namespace: string; name: string } => ({ namespace: 'ns', name });

describe('turns of upgrades', () => {
  it('go to who waits longest, as places become free', () => {
    const woken: string[] = [];
    const memories = new InstanceMemories(({ name }) => woken.push(name));
    memories.beginUpgrade('a');
    memories.awaitTurn('b', ref('b'));
    memories.awaitTurn('c', ref('c'));
    memories.awaitTurn('b', ref('b'));
    expect(woken).toEqual([]);
    memories.endUpgrade('a');
    expect(woken).toEqual(['b']);
    memories.beginUpgrade('b');
    memories.endUpgrade('b');

    expect(woken).toEqual(['b', 'c']);
    expect(memories.upgrading.size).toBe(0);
  });

  it('pass on when one that is upgraded, or waits, is forgotten', () => {
    const woken: string[] = [];
    const memories = new InstanceMemories(({ name }) => woken.push(name));
    for (const name of ['a', 'b', 'c']) memories.of(ref(name), name);
    memories.beginUpgrade('a');
    memories.awaitTurn('b', ref('b'));
    memories.awaitTurn('c', ref('c'));
    memories.forget(ref('b'));
    woken.length = 0;
    memories.awaitTurn('c', ref('c'));
    memories.forget(ref('a'));

    expect(woken).toEqual(['c']);
  });
});

describe('forget', () => {
  it('keeps what is known of another instance by that name', () => {
    const memories = new InstanceMemories(() => undefined);
    const now = memories.of(ref('a'), 'new');
    memories.forget(ref('a'), 'old');
    expect(memories.of(ref('a'), 'new')).toBe(now);
    memories.forget(ref('a'), 'new');

    expect(memories.of(ref('a'), 'new')).not.toBe(now);
  });
});
