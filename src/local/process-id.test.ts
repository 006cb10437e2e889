import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { identify, isAlive, killHard, parseStat } from './process-id.ts';

describe('process identity', () => {
  it('reads a stat line whose name holds spaces and parentheses', () => {
    const line = `77 (a (b) c) S 1 77 77 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 123456 99 ${'0 '.repeat(20)}`;

    expect(parseStat(line)).toEqual({ state: 'S', parent: 1, started: '123456' });
    expect(parseStat('77 (x')).toBeUndefined();
  });

  it('knows a living process, ends it, and never takes another start time for it', async () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    const id = await identify(child.pid ?? -1);
    if (id === undefined) throw new Error('sleep did not start');

    expect(await isAlive(id)).toBe(true);
    expect(await isAlive({ ...id, started: '1' })).toBe(false);
    await killHard({ ...id, started: '1' });
    expect(await isAlive(id)).toBe(true);

    const ended = once(child, 'exit');
    await killHard(id);
    expect((await ended)[1]).toBe('SIGKILL');
    expect(await isAlive(id)).toBe(false);
  });
});
