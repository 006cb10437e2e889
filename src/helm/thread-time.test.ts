import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { ownThread, threadTime } from './thread-time.ts';

describe('the time a thread computes', () => {
  it('grows by computing, not by waiting', async () => {
    const thread = ownThread();
    const before = threadTime(thread) ?? NaN;
    const waited = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const rested = (threadTime(thread) ?? NaN) - before;
    expect(performance.now() - waited).toBeGreaterThan(250);
    expect(rested).toBeLessThan(150);

    for (let sum = 0; (threadTime(thread) ?? NaN) - before - rested < 200; sum += 1) Math.sqrt(sum);
    expect(threadTime(thread)).toBeGreaterThan(before);
  });

  it('is told of another thread, and of none that is gone', async () => {
    const code = `
      const { readlinkSync } = require('node:fs');
      const { parentPort } = require('node:worker_threads');
      parentPort.postMessage(readlinkSync('/proc/thread-self'));
      parentPort.on('message', () => {});`;
    const worker = new Worker(code, { eval: true });
    const other = await new Promise<string>((resolve) => worker.once('message', resolve));

    expect(other).not.toBe(ownThread());
    expect(threadTime(other)).toBeGreaterThanOrEqual(0);
    await worker.terminate();
    expect(threadTime(other)).toBeUndefined();
    expect(threadTime(undefined)).toBeUndefined();
  });
});
