import { isKubeError, type KubeErrorCode } from '../kube/kube-error.ts';
import type { Kind } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import { stepWatch, WATCH_START, type WatchInput, type WatchOutput } from '../kube/watch-machine.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import type { Client, ListOptions, WatchEvent } from './client.ts';

/**
 * What a watch looks like from outside, however the server gave it: a full state between `init-begin` and `init-done`
 * (what is not in it is gone; an item given twice counts as given last; a `delete` in between takes an item out again),
 * then single changes. A new `init-begin` may come at any time and voids a full state that was not done.
 */
export type ObjectEvent<T> =
  | { readonly type: 'init-begin' }
  | { readonly type: 'init-item'; readonly object: T }
  | { readonly type: 'init-done' }
  | { readonly type: 'apply'; readonly object: T }
  | { readonly type: 'delete'; readonly object: T };

/** The calls a watcher makes. */
export type WatchClient = Pick<Client, 'pages' | 'watch'>;

/** Which objects to watch, and the surroundings of the watch. */
export interface WatcherOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly clock: Clock;
  /** Ends the watch; the only thing that does. */
  readonly signal: AbortSignal;
  /** Told of every failure; the watch goes on by itself. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Spreads the waits of many watchers (numbers in [0, 1)); without, they are not spread. */
  readonly random?: (() => number) | undefined;
}

/** Waits between failing attempts: as client-go's reflectors, 0.8 s to 30 s. */
const BACKOFF = { baseMs: 800, maxMs: 30_000 };

type Source<T> = AsyncGenerator<WatchInput<T>>;

/**
 * Watches the objects of a kind until the signal aborts, through every failure: an error is told to `onError` and
 * waited out, never thrown. Consumers that stop iterating end the watch, too.
 */
export async function* watchObjects<T extends KubeObject>(
  client: WatchClient,
  kind: Kind<T>,
  options: WatcherOptions,
): AsyncGenerator<ObjectEvent<T>> {
  let state = WATCH_START;
  let source: Source<T> = readyAt(Promise.resolve());
  try {
    for (;;) {
      const input = await nextInput(source, options);
      if (options.signal.aborted) return;
      const step = stepWatch(state, input);
      state = step.state;
      for (const output of step.outputs) {
        if (output.type === 'request') source = requestSource(client, kind, output, options);
        else if (output.type === 'wait') source = readyAt(wait(output, options));
        else yield output;
      }
    }
  } finally {
    // Also when the consumer stopped iterating: the connection must not stay open behind it.
    await source.return(undefined);
  }
}

/** The next input; a failure is one, too. */
async function nextInput<T>(source: Source<T>, options: WatcherOptions): Promise<WatchInput<T>> {
  try {
    const next = await source.next();
    // Every source has a last word (`end`, `pages-end`, `ready`) that makes the machine ask for another one.
    return next.done === true ? { type: 'error', code: 'Unknown' } : next.value;
  } catch (error) {
    if (!options.signal.aborted) options.onError?.(error);
    const code: KubeErrorCode = isKubeError(error) ? error.code : 'Unknown';
    return { type: 'error', code, retryAfterMs: isKubeError(error) ? error.retryAfterMs : undefined };
  }
}

async function* readyAt<T>(moment: Promise<void>): Source<T> {
  await moment;
  yield { type: 'ready' };
}

async function wait(
  output: Extract<WatchOutput<never>, { type: 'wait' }>,
  options: WatcherOptions,
): Promise<void> {
  const { clock, signal, random } = options;
  const ms = output.failures === 0 ? 0 : backoffMs(output.failures, BACKOFF, random);
  if (Math.max(ms, output.atLeastMs) === 0) return;
  // Aborted: the loop sees it by the signal.
  await clock.sleep(Math.max(ms, output.atLeastMs), signal).catch(() => undefined);
}

function requestSource<T extends KubeObject>(
  client: WatchClient,
  kind: Kind<T>,
  output: Extract<WatchOutput<T>, { type: 'request' }>,
  options: WatcherOptions,
): Source<T> {
  const selection = {
    namespace: options.namespace,
    signal: options.signal,
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  };
  switch (output.request) {
    case 'pages':
      return pages(client, kind, selection);
    case 'stream':
      return events(client.watch(kind, { ...selection, sendInitialEvents: true }));
    case 'watch':
      return events(client.watch(kind, { ...selection, resourceVersion: output.resourceVersion }));
  }
}

async function* pages<T extends KubeObject>(
  client: WatchClient,
  kind: Kind<T>,
  selection: ListOptions,
): Source<T> {
  let resourceVersion = '';
  for await (const page of client.pages(kind, selection)) {
    resourceVersion = page.resourceVersion;
    yield { type: 'page', first: page.first, items: page.items };
  }
  yield { type: 'pages-end', resourceVersion };
}

async function* events<T extends KubeObject>(stream: AsyncIterable<WatchEvent<T>>): Source<T> {
  for await (const event of stream) {
    yield event.type === 'bookmark' ? event : { type: 'event', change: event.type, object: event.object };
  }
  yield { type: 'end' };
}
