/** A compiled module: can be handed to a worker thread, which then need not compile it again. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: string;
}

/** A module's linear memory. `buffer` is another object after each growth: never keep it. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** A function or memory that an instance exports, not yet narrowed. */
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** The functions that a module imports, by module and name. */
export type WasmImports = Readonly<Record<string, Readonly<Record<string, (...args: never[]) => unknown>>>>;

interface Api {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  instantiate(module: WasmModule, imports: WasmImports): Promise<WasmInstance>;
}

// The declarations of WebAssembly belong to the browser's library, which this program does not include; every Node
// has the object, and these two functions of it have this form.
const api = (globalThis as unknown as { readonly WebAssembly: Api }).WebAssembly;

/** Compiles a module: about 100 ms for the Helm engine, most of it on other threads. */
export function compileWasm(bytes: Uint8Array): Promise<WasmModule> {
  return api.compile(bytes);
}

/** Makes an instance with memory of its own. */
export function instantiateWasm(module: WasmModule, imports: WasmImports): Promise<WasmInstance> {
  return api.instantiate(module, imports);
}
