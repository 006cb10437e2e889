// Entry of a worker thread: one Helm instance, one request at a time, each answered by one message. A template that
// loops for ever is ended from outside, together with this thread.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { systemClock } from '../lib/clock.ts';
import type { FromWorker, LookupAnswer, ToWorker, WorkerSetup } from './engine-protocol.ts';
import { startHelm, type Answer } from './helm-instance.ts';
import type { LookupQuery } from './rendering.ts';
import { giveWay } from './give-way.ts';
import { readAhead } from './read-ahead.ts';
import { threadClock } from './thread-clock.ts';
import { ownThread } from './thread-time.ts';

if (parentPort === null) throw new Error('the Helm worker runs as a worker thread only');
const port = parentPort;
// `HelmWorker` starts this file with exactly this.
const setup = workerData as WorkerSetup;
const send = (message: FromWorker): void => port.postMessage(message);

/** Sleeps until the host has put the answer into the port and raised the signal. */
function lookup(query: LookupQuery): LookupAnswer {
  Atomics.store(setup.signal, 0, 0);
  send({ type: 'lookup', query });
  Atomics.wait(setup.signal, 0, 0);
  const received = receiveMessageOnPort(setup.answers);
  // Only the host writes to this port, and only answers.
  return (received?.message as LookupAnswer | undefined) ?? { error: 'the host gave no answer' };
}

/** Out of memory and too deep a recursion are limits; the Go runtime and V8 tell them by words only. */
function causeOf(error: unknown, said: string): 'memory' | 'depth' | 'other' {
  if (/out of memory|cannot allocate memory/i.test(said)) return 'memory';
  if (/stack overflow|stack exceeds/i.test(said)) return 'depth';
  if (error instanceof RangeError && /call stack/i.test(error.message)) return 'depth';
  return 'other';
}

function withObjects({ reply, bytes }: Answer): Answer {
  if (reply.rendering === undefined) return { reply, bytes };
  const { rendering, added } = readAhead(reply.rendering);
  return { reply: { ...reply, rendering }, bytes: bytes + added };
}

const thread = ownThread();
giveWay(thread);
const helm = await startHelm(setup.module, {
  clock: threadClock(systemClock, thread),
  softMemory: setup.softMemory,
  replyBytes: setup.replyBytes,
  lookup,
});

function answerTo(message: Exclude<ToWorker, { readonly type: 'drop' }>): Answer {
  switch (message.type) {
    case 'load':
      return helm.load(message.handle, message.archive);
    case 'render':
      return helm.render(message.handle, message.request);
    case 'verify':
      return helm.verify(message.request, message.archive);
  }
}

port.on('message', (message: ToWorker) => {
  try {
    if (message.type === 'drop') {
      helm.drop(message.handle);
      return;
    }
    send({ type: 'done', ...withObjects(answerTo(message)) });
  } catch (error) {
    const said = helm.said();
    send({
      type: 'fatal',
      cause: causeOf(error, said),
      detail: said.split('\n', 1)[0] || String(error),
    });
    port.close();
  }
});
send({ type: 'ready', thread });
