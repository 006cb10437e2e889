/** What one rendering and the engine as a whole may use. Templates are foreign code: nothing of it is unbounded. */
export interface EngineLimits {
  /** Milliseconds that Helm may compute for one rendering; waiting for `lookup` does not count. */
  readonly renderMs: number;
  /** Milliseconds that one rendering may take where the machine lets it compute too little; `lookup` does not count. */
  readonly starvedMs: number;
  /** Milliseconds for one `lookup`. */
  readonly lookupMs: number;
  /** How many times the templates of one rendering may call `lookup`. */
  readonly lookups: number;
  /** Bytes of WebAssembly memory of one worker; also what a rendering can use at most. */
  readonly memoryBytes: number;
  /** Bytes of JSON of one rendering. */
  readonly replyBytes: number;
  /** Requests that may wait for a worker. */
  readonly queue: number;
  /** Milliseconds for a worker to start. */
  readonly startMs: number;
  /** Milliseconds that a request waits before another worker is started for it. */
  readonly growAfterMs: number;
  /** Milliseconds without work after which a worker ends and gives its memory back. */
  readonly idleMs: number;
  /** Bytes of unpacked charts that one worker keeps parsed. */
  readonly parsedBytes: number;
  /** Bytes of chart archives that the engine keeps, to load them into new workers. */
  readonly archiveBytes: number;
  /** Bytes of renderings that the engine keeps. */
  readonly renderingBytes: number;
}

const MEBIBYTE = 1_048_576;

/** A large chart (600 objects) takes 0.4 s and 100 MiB: the limits leave room for ten times that, and no more. */
export const ENGINE_LIMITS: EngineLimits = {
  renderMs: 10_000,
  starvedMs: 300_000,
  lookupMs: 10_000,
  lookups: 1000,
  memoryBytes: 256 * MEBIBYTE,
  replyBytes: 32 * MEBIBYTE,
  queue: 10_000,
  startMs: 30_000,
  growAfterMs: 150,
  idleMs: 60_000,
  parsedBytes: 48 * MEBIBYTE,
  archiveBytes: 64 * MEBIBYTE,
  renderingBytes: 32 * MEBIBYTE,
};
