import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import { FakeClock } from '../lib/fake-clock.ts';
import { withLock } from './lock.ts';

describe('withLock', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lock-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('takes over from a holder that is dead, and frees the file at the end', async () => {
    const path = join(folder, 'deep', 'lock');
    await withLock(path, { clock: systemClock }, async () => undefined);
    await writeFile(path, JSON.stringify({ pid: 2 ** 22 + 1, started: '1' }));

    const seen = await withLock(path, { clock: systemClock }, async () => readFile(path, 'utf8'));

    expect(JSON.parse(seen)).toMatchObject({ pid: process.pid });
    await expect(readFile(path)).rejects.toThrow(/ENOENT/);
  });

  it('takes over a file that says nothing readable', async () => {
    const path = join(folder, 'lock');
    await writeFile(path, 'half');

    await expect(withLock(path, { clock: systemClock }, async () => 'ran')).resolves.toBe('ran');
  });

  it('waits for a living holder and says for whom', async () => {
    const path = join(folder, 'lock');
    const order: string[] = [];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let waiter: Promise<void> | undefined;

    await withLock(path, { clock: systemClock }, async () => {
      const waiting = new Promise<number>((resolve) => {
        waiter = withLock(
          path,
          { clock: systemClock, onWait: resolve },
          async () => void order.push('second'),
        );
      });
      expect(await waiting).toBe(process.pid);
      order.push('first');
      release();
    });
    await held;
    await waiter;

    expect(order).toEqual(['first', 'second']);
  });

  it('lets takers of one process in one by one, however close together they come', async () => {
    const path = join(folder, 'lock');
    const clock = Object.assign(new FakeClock(), { sleep: () => new Promise<void>(setImmediate) });
    let inside = 0;
    const work = async (): Promise<number> => {
      inside += 1;
      await new Promise(setImmediate);
      return inside--;
    };

    const seen = await Promise.all(Array.from({ length: 20 }, () => withLock(path, { clock }, work)));

    expect(seen).toEqual(Array<number>(20).fill(1));
  });

  it('frees the file when the work fails', async () => {
    const path = join(folder, 'lock');

    await expect(
      withLock(path, { clock: systemClock }, () => Promise.reject(new Error('no'))),
    ).rejects.toThrow('no');
    await expect(readFile(path)).rejects.toThrow(/ENOENT/);
  });
});
