import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { MessageChannel, Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import type { FromWorker, WorkerSetup } from '../../src/helm/engine-protocol.ts';
import { compileWasm } from '../../src/helm/webassembly.ts';
import { engineFiles } from './helm-engine.ts';

/** Of the fields of `stat` behind the name in parentheses, which may hold spaces: the nice value. */
const NICE = 16;
const MIB = 1_048_576;

function niceValue(thread: string): number {
  const stat = readFileSync(`/proc/${thread}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[NICE]);
}

it('renders where the event loop goes first', async () => {
  const { wasm, workerUrl } = await engineFiles();
  const { port2: answers } = new MessageChannel();
  const setup: WorkerSetup = {
    module: await compileWasm(readFileSync(wasm)),
    softMemory: 256 * MIB,
    replyBytes: MIB,
    signal: new Int32Array(new SharedArrayBuffer(4)),
    answers,
  };
  const worker = new Worker(workerUrl, { workerData: setup, transferList: [answers] });
  try {
    // The first thing that it says.
    const [message] = (await once(worker, 'message')) as [FromWorker];

    expect(message).toMatchObject({ type: 'ready', thread: expect.any(String) });
    const thread = message.type === 'ready' ? message.thread : undefined;
    expect(niceValue(thread ?? '')).toBeGreaterThan(getPriority());
  } finally {
    await worker.terminate();
  }
});
