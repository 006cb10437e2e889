import { randomFillSync } from 'node:crypto';
import type { ThreadClock } from './thread-clock.ts';
import type { WasmMemory } from './webassembly.ts';

/** Thrown out of a WebAssembly call when the program inside ended itself; the instance is of no further use. */
export class WasmExit extends Error {
  override readonly name = 'WasmExit';
  readonly code: number;
  constructor(code: number) {
    super(`the WebAssembly program ended with code ${code}`);
    this.code = code;
  }
}

const SUCCESS = 0;
const BAD_FILE = 8;
const NOT_SUPPORTED = 58;
const STANDARD_STREAMS = 3;
/** What the program said before it died is worth a few lines, not its memory. */
const STDERR_KEPT = 4096;
/** A WASI subscription and event: sizes and offsets in bytes as in the preview1 witx file. */
const SUBSCRIPTION = { size: 48, tag: 8, timeout: 24, flags: 40, clock: 0 };
const EVENT = { size: 32, error: 8, type: 10 };

/** Random bytes that are fetched at once: templates ask for one or two at a time, `randAlphaNum 40` a hundred times. */
const RANDOM_AT_ONCE = 4096;

/** Random bytes out of a supply; what was given is wiped, so that none is given twice. */
export function createRandomSupply(fill: (bytes: Uint8Array) => void): (into: Uint8Array) => void {
  const supply = new Uint8Array(RANDOM_AT_ONCE);
  let next = supply.length;
  return (into) => {
    if (into.length > supply.length) {
      fill(into);
      return;
    }
    if (next + into.length > supply.length) {
      fill(supply);
      next = 0;
    }
    const end = next + into.length;
    into.set(supply.subarray(next, end));
    supply.fill(0, next, end);
    next = end;
  };
}

/** The system interface of one WebAssembly program: the imports to instantiate it with. */
export interface Wasi {
  readonly imports: Readonly<Record<string, (...args: never[]) => unknown>>;
  /** Gives the program's memory, which exists after instantiation only. */
  attach(memory: WasmMemory): void;
  /** The last lines that the program wrote to standard output and error. */
  said(): string;
}

/**
 * The part of WASI preview1 that a Go program needs to compute: clock, randomness, its own name, a place to write
 * last words. No files, no network, no environment: what templates cannot reach they cannot leak. (Node's own `node:wasi` is
 * marked experimental and says of itself that it is no sandbox.)
 */
export function createWasi(clock: ThreadClock, programName: string): Wasi {
  let memory: WasmMemory | undefined;
  let tail = '';
  const view = (): DataView => {
    if (memory === undefined) throw new Error('attach the memory before the program runs');
    return new DataView(memory.buffer);
  };
  const bytes = (address: number, size: number): Uint8Array => new Uint8Array(view().buffer, address, size);
  const nameBytes = new TextEncoder().encode(`${programName}\0`);
  const decoder = new TextDecoder();
  const random = createRandomSupply((into) => void randomFillSync(into));

  const implemented: Record<string, (...args: never[]) => unknown> = {
    args_sizes_get: (count: number, size: number): number => {
      view().setUint32(count, 1, true);
      view().setUint32(size, nameBytes.length, true);
      return SUCCESS;
    },
    args_get: (pointers: number, buffer: number): number => {
      view().setUint32(pointers, buffer, true);
      bytes(buffer, nameBytes.length).set(nameBytes);
      return SUCCESS;
    },
    environ_sizes_get: (count: number, size: number): number => {
      view().setUint32(count, 0, true);
      view().setUint32(size, 0, true);
      return SUCCESS;
    },
    environ_get: (): number => SUCCESS,
    clock_time_get: (id: number, _precision: bigint, result: number): number => {
      const ms = id === 0 ? clock.now() : clock.monotonic();
      view().setBigUint64(result, BigInt(Math.round(ms * 1e6)), true);
      return SUCCESS;
    },
    random_get: (address: number, size: number): number => {
      random(bytes(address, size));
      return SUCCESS;
    },
    fd_write: (fd: number, vectors: number, count: number, result: number): number => {
      if (fd >= STANDARD_STREAMS) return BAD_FILE;
      let written = 0;
      for (let index = 0; index < count; index++) {
        const size = view().getUint32(vectors + index * 8 + 4, true);
        const text = decoder.decode(bytes(view().getUint32(vectors + index * 8, true), size));
        // Both ends: the first line says what happened, the rest is a stack.
        tail = (tail + text).slice(0, STDERR_KEPT);
        written += size;
      }
      view().setUint32(result, written, true);
      return SUCCESS;
    },
    fd_fdstat_get: (fd: number, result: number): number => {
      if (fd >= STANDARD_STREAMS) return BAD_FILE;
      bytes(result, 24).fill(0);
      // A character device.
      view().setUint8(result, 2);
      return SUCCESS;
    },
    sched_yield: (): number => SUCCESS,
    poll_oneoff: (subscriptions: number, events: number, count: number, result: number): number =>
      pollClocks(view(), { subscriptions, events, count, result }, clock),
    proc_exit: (code: number): never => {
      throw new WasmExit(code);
    },
  };
  // Go declares more functions than it calls; every one that needs a file answers that there is none.
  const imports = new Proxy(implemented, {
    get: (known, name: string) =>
      known[name] ?? ((): number => (name.startsWith('fd_') ? BAD_FILE : NOT_SUPPORTED)),
  });
  return {
    imports,
    attach: (given) => {
      memory = given;
    },
    said: () => tail.trim(),
  };
}

interface Poll {
  readonly subscriptions: number;
  readonly events: number;
  readonly count: number;
  readonly result: number;
}

/** Sleeps until the earliest of the clocks that the program waits for, and reports that one. There is nothing else to wait for. */
function pollClocks(view: DataView, poll: Poll, clock: ThreadClock): number {
  let earliest = Number.POSITIVE_INFINITY;
  let chosen = -1;
  for (let index = 0; index < poll.count; index++) {
    const at = poll.subscriptions + index * SUBSCRIPTION.size;
    if (view.getUint8(at + SUBSCRIPTION.tag) !== SUBSCRIPTION.clock) continue;
    const timeout = Number(view.getBigUint64(at + SUBSCRIPTION.timeout, true)) / 1e6;
    const isAbsolute = (view.getUint16(at + SUBSCRIPTION.flags, true) & 1) === 1;
    const ms = isAbsolute ? timeout - clock.monotonic() : timeout;
    if (ms < earliest) {
      earliest = ms;
      chosen = at;
    }
  }
  if (chosen < 0) return NOT_SUPPORTED;
  if (earliest > 0) clock.sleep(earliest);
  view.setBigUint64(poll.events, view.getBigUint64(chosen, true), true);
  view.setUint16(poll.events + EVENT.error, SUCCESS, true);
  view.setUint8(poll.events + EVENT.type, SUBSCRIPTION.clock);
  view.setUint32(poll.result, 1, true);
  return SUCCESS;
}
