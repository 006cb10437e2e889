import { KubeError } from '../kube/kube-error.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Clock } from '../lib/clock.ts';
import { onAbort } from '../lib/on-abort.ts';
import type { ApiRequest } from './api-request.ts';
import { errorFromStatus } from './api-status.ts';
import type { WatchEvent } from './client.ts';
import { LineTooLongError, splitLines } from './line-splitter.ts';
import { toKubeError, type OpenStream } from './transport.ts';

/** Milliseconds of silence beyond the server's own time-out after which the link counts as dead. */
const IDLE_MARGIN_MS = 5_000;
/** Events handled before others get their turn: what lies ready in buffers would else be read in one go (60 ms). */
const EVENTS_PER_TURN = 100;
/** The annotation on the bookmark that ends a streaming list (KEP-3157). */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** What a watch needs besides its request. */
export interface WatchStreamOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly apiVersion: string;
  readonly kind: string;
  readonly timeoutSeconds: number;
  /** Opens the stream; throws KubeError if the server refuses. */
  readonly open: (request: ApiRequest, signal: AbortSignal) => Promise<OpenStream>;
}

/**
 * One watch: opens it, cuts it into lines, tells events apart. Ends quietly when the server ends it or the caller's
 * signal aborts; throws KubeError when it breaks, goes silent (Timeout) or the server reports an error (410: Expired).
 */
export async function* watchStream<T extends KubeObject>(
  request: ApiRequest,
  options: WatchStreamOptions,
): AsyncGenerator<WatchEvent<T>> {
  const { signal } = options;
  if (signal?.aborted) return;
  const inner = new AbortController();
  const off = onAbort(signal, () => inner.abort(signal?.reason));
  const idle = idleTimer(options, () =>
    inner.abort(
      new KubeError(
        'Timeout',
        `${request.what}: nothing came for ${options.timeoutSeconds} s, the link is dead`,
      ),
    ),
  );
  let stream: OpenStream | undefined;
  try {
    stream = await options.open(request, inner.signal);
    let events = 0;
    for await (const line of splitLines(touching(stream.chunks, idle.touch), request.maxBytes)) {
      if (line.trim() === '') continue;
      yield parseEvent<T>(request.what, line, options);
      events += 1;
      if (events % EVENTS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (error) {
    if (signal?.aborted) return;
    throw watchError(request, error, inner.signal);
  } finally {
    idle.cancel();
    off();
    stream?.close();
  }
}

function watchError(request: ApiRequest, error: unknown, signal: AbortSignal): KubeError {
  if (error instanceof LineTooLongError) {
    return new KubeError('TooLarge', `${request.what}: an event is larger than ${request.maxBytes} bytes`, {
      cause: error,
    });
  }
  return toKubeError(request.what, error, signal);
}

function idleTimer(
  { clock, timeoutSeconds }: WatchStreamOptions,
  onIdle: () => void,
): { readonly touch: () => void; readonly cancel: () => void } {
  const ms = timeoutSeconds * 1000 + IDLE_MARGIN_MS;
  let cancel = clock.after(ms, onIdle);
  return {
    touch: () => {
      cancel();
      cancel = clock.after(ms, onIdle);
    },
    cancel: () => cancel(),
  };
}

async function* touching(chunks: AsyncIterable<Uint8Array>, touch: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    touch();
    yield chunk;
  }
}

function parseEvent<T extends KubeObject>(
  what: string,
  line: string,
  options: WatchStreamOptions,
): WatchEvent<T> {
  let event: { readonly type?: unknown; readonly object?: unknown };
  try {
    // A narrow reader: type and object are checked below before they are used.
    event = JSON.parse(line) as { readonly type?: unknown; readonly object?: unknown };
  } catch (cause) {
    // A line cut off by a dying connection: the watch is over, what it held will be seen again.
    throw new KubeError('Network', `${what}: the stream broke inside an event`, { cause });
  }
  if (typeof event.object !== 'object' || event.object === null) {
    throw new KubeError('Unknown', `${what}: an event without an object came`);
  }
  // True by the API's contract: an event's object is of the watched kind, a bookmark's has metadata only.
  const object = event.object as T;
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: TYPES[event.type], object: named(object, options) };
    case 'BOOKMARK':
      return {
        type: 'bookmark',
        resourceVersion: object.metadata.resourceVersion ?? '',
        initialEventsEnd: object.metadata.annotations?.[INITIAL_EVENTS_END] === 'true',
      };
    case 'ERROR':
      throw errorFromStatus(what, event.object as Readonly<Record<string, unknown>>);
    default:
      throw new KubeError('Unknown', `${what}: an event of type ${JSON.stringify(event.type)} came`);
  }
}

const TYPES = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' } as const;

function named<T extends KubeObject>(object: T, { apiVersion, kind }: WatchStreamOptions): T {
  return (object as Partial<T>).kind === undefined ? { ...object, apiVersion, kind } : object;
}
