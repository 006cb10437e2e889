import type { Clock } from '../../src/lib/clock.ts';
import { broken } from './memory-transport.ts';

/** What can become of one event of a watch. */
export const EVENT_FAULTS = [
  /** The connection breaks before the event. */
  'drop-before',
  /** The connection breaks after it. */
  'drop-after',
  /** The server ends the watch in peace before the event. */
  'end',
  /** The server says that the version is too old (410) before the event. */
  'expired',
  /** The event comes twice. */
  'repeat',
  /** The event comes after the next one of another object. */
  'swap',
  /** The event and what follows it come late. */
  'stale',
  /** Only bookmarks come where the event should; later the connection breaks. */
  'bookmarks',
] as const;

export type EventFault = (typeof EVENT_FAULTS)[number];

/** One line of a watch on its way to the process. */
export interface WatchedEvent {
  /** Counts from 1 through all watches of a process since it was armed. */
  readonly n: number;
  readonly what: string;
  readonly line: string;
}

/** Milliseconds that a watch with the fault `stale` is behind. */
const STALE_MS = 20_000;
/** Milliseconds that an event with the fault `swap` waits for one to be overtaken by. */
const SWAP_MS = 5_000;
/** Milliseconds for which only bookmarks come. */
const BOOKMARKS_MS = 5_000;

interface FaultyOptions {
  readonly what: string;
  readonly clock: Clock;
  readonly faultOf: (line: string) => EventFault | undefined;
}

/**
 * The chunks of a watch with what goes wrong on the way. Where something does, a chunk is taken for a line: so the server in
 * memory gives them.
 */
export async function* faultyEvents(
  chunks: AsyncIterable<Uint8Array>,
  { what, clock, faultOf }: FaultyOptions,
): AsyncGenerator<Uint8Array> {
  const source = chunks[Symbol.asyncIterator]();
  let last: string | undefined;
  let pending: Promise<IteratorResult<Uint8Array>> | undefined;
  for (;;) {
    const next = await (pending ?? source.next());
    pending = undefined;
    if (next.done === true) return;
    const line = Buffer.from(next.value).toString('utf8');
    const fault = faultOf(line);
    switch (fault) {
      case undefined:
        yield next.value;
        break;
      case 'drop-before':
        throw broken(what);
      case 'drop-after':
        yield next.value;
        throw broken(what);
      case 'end':
        return;
      case 'expired':
        yield Buffer.from(EXPIRED);
        return;
      case 'repeat':
        yield next.value;
        yield next.value;
        break;
      case 'stale':
        await clock.sleep(STALE_MS);
        yield next.value;
        break;
      case 'swap': {
        pending = source.next();
        const other = await Promise.race([pending, clock.sleep(SWAP_MS).then(() => undefined)]);
        if (other !== undefined && other.done !== true && mayOvertake(line, other.value)) {
          pending = undefined;
          yield other.value;
        }
        yield next.value;
        break;
      }
      case 'bookmarks':
        if (last !== undefined) yield Buffer.from(bookmarkAt(line, versionOf(last) ?? ''));
        await clock.sleep(BOOKMARKS_MS);
        throw broken(what);
    }
    last = line;
  }
}

const EXPIRED = `${JSON.stringify({
  type: 'ERROR',
  object: {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: 'Expired',
    code: 410,
    message: 'too old',
  },
})}\n`;

interface Line {
  readonly type: string;
  readonly object: {
    readonly kind?: string;
    readonly apiVersion?: string;
    readonly metadata?: { readonly uid?: string; readonly resourceVersion?: string };
  };
}

/** True enough: the fake API server wrote it. */
const parse = (line: string): Line => JSON.parse(line) as Line;

const versionOf = (line: string): string | undefined => parse(line).object.metadata?.resourceVersion;

/** Events of one object keep their order, and none comes after the bookmark that ends a streaming list. */
function mayOvertake(line: string, other: Uint8Array): boolean {
  const [a, b] = [parse(line), parse(Buffer.from(other).toString('utf8'))];
  if (a.type === 'BOOKMARK' || b.type === 'BOOKMARK' || b.type === 'ERROR') return false;
  return a.object.metadata?.uid !== b.object.metadata?.uid;
}

function bookmarkAt(line: string, resourceVersion: string): string {
  const { kind, apiVersion } = parse(line).object;
  return `${JSON.stringify({ type: 'BOOKMARK', object: { kind, apiVersion, metadata: { resourceVersion } } })}\n`;
}
