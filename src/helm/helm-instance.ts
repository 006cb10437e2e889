import type { LookupAnswer, WasmReply, WasmRequest } from './engine-protocol.ts';
import type { ProvenanceRequest } from './provenance.ts';
import type { LookupQuery } from './rendering.ts';
import type { ThreadClock } from './thread-clock.ts';
import { createWasi } from './wasi.ts';
import { instantiateWasm, type WasmMemory, type WasmModule } from './webassembly.ts';

/** The functions that tools/helm-engine/main.go exports. */
interface Exports {
  readonly memory: WasmMemory;
  _initialize(): void;
  configure(softLimit: number): void;
  alloc(size: number): number;
  release(address: number): void;
  load(handle: number, address: number): bigint;
  render(handle: number, address: number): bigint;
  verify(request: number, archive: number): bigint;
  drop(handle: number): void;
}

/** An answer and how many bytes of JSON it was. */
export interface Answer {
  readonly reply: WasmReply;
  readonly bytes: number;
}

/** Helm inside this thread. Every function blocks; one that throws leaves an instance that must not be used again. */
export interface HelmInstance {
  load(handle: number, archive: Uint8Array): Answer;
  render(handle: number, request: WasmRequest): Answer;
  /** Whether an archive is what was signed. */
  verify(request: ProvenanceRequest, archive: Uint8Array): Answer;
  drop(handle: number): void;
  /** What the program printed, for the message of its death. */
  said(): string;
}

/** What an instance needs from its thread. */
export interface InstanceOptions {
  readonly clock: ThreadClock;
  /** Bytes, see `WorkerSetup`. */
  readonly softMemory: number;
  /** Bytes, see `WorkerSetup`. */
  readonly replyBytes: number;
  /** Answers a `lookup` while the templates wait. */
  readonly lookup: (query: LookupQuery) => LookupAnswer;
}

/** Instantiates the compiled engine: about 140 ms. */
export async function startHelm(module: WasmModule, options: InstanceOptions): Promise<HelmInstance> {
  const wasi = createWasi(options.clock, 'helm');
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const encode = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));
  const state: { exports?: Exports; answer: Uint8Array } = { answer: new Uint8Array() };
  const memory = (): ArrayBufferLike => {
    if (state.exports === undefined) throw new Error('helm engine: called before it was started');
    return state.exports.memory.buffer;
  };
  const imports = {
    wasi_snapshot_preview1: wasi.imports,
    tenantry: {
      lookup: (address: number, size: number): number => {
        const asked = decoder.decode(new Uint8Array(memory(), address, size));
        // The Go side writes exactly these four strings (functions.go).
        state.answer = encoder.encode(JSON.stringify(options.lookup(JSON.parse(asked) as LookupQuery)));
        return state.answer.length;
      },
      answer: (address: number): void => {
        new Uint8Array(memory(), address, state.answer.length).set(state.answer);
      },
    },
  };
  const instance = await instantiateWasm(module, imports);
  // The exports are those of our own program; a wrong file fails at the first call of a missing function.
  const exports = instance.exports as unknown as Exports;
  state.exports = exports;
  wasi.attach(exports.memory);
  exports._initialize();
  exports.configure(options.softMemory);

  /** Hands bytes over for as long as `use` works with their address. */
  const lend = <T>(input: Uint8Array, use: (address: number) => T): T => {
    const address = exports.alloc(input.length);
    new Uint8Array(memory(), address, input.length).set(input);
    const result = use(address);
    exports.release(address);
    return result;
  };
  const read = (signed: bigint): Answer => {
    const word = BigInt.asUintN(64, signed);
    const [at, size] = [Number(word >> 32n), Number(word & 0xffff_ffffn)];
    if (size > options.replyBytes) {
      exports.release(at);
      const message = `the answer has ${size} bytes, at most ${options.replyBytes} are allowed: split the chart`;
      return { reply: { error: { code: 'LimitExceeded', message } }, bytes: 0 };
    }
    const text = decoder.decode(new Uint8Array(memory(), at, size));
    exports.release(at);
    // `give` in main.go writes nothing but this shape.
    return { reply: JSON.parse(text) as WasmReply, bytes: size };
  };
  return {
    load: (handle, archive) => read(lend(archive, (address) => exports.load(handle, address))),
    render: (handle, request) => read(lend(encode(request), (address) => exports.render(handle, address))),
    verify: (request, archive) =>
      read(lend(archive, (at) => lend(encode(request), (address) => exports.verify(address, at)))),
    drop: (handle) => exports.drop(handle),
    said: () => wasi.said(),
  };
}
