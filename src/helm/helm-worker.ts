import { MessageChannel, Worker } from 'node:worker_threads';
import type { Clock } from '../lib/clock.ts';
import type { EngineLimits } from './engine-limits.ts';
import type { FromWorker, LookupAnswer, ToWorker, WasmReply, WorkerSetup } from './engine-protocol.ts';
import type { ProvenanceRequest } from './provenance.ts';
import { RenderError, type LookupQuery, type RenderRequest } from './rendering.ts';
import { threadTime } from './thread-time.ts';
import type { WasmModule } from './webassembly.ts';
import { messageOf } from '../lib/error-text.ts';

/** What a worker thread is made of. */
export interface HelmWorkerOptions {
  readonly module: WasmModule;
  /** Plain JavaScript: the bundle of `engine-worker.ts`. */
  readonly workerUrl: URL;
  readonly clock: Clock;
  readonly limits: EngineLimits;
}

/** A request under way: who waits for it and what it has left. */
interface Running {
  readonly resolve: (reply: WorkerReply) => void;
  readonly reject: (error: Error) => void;
  readonly lookup: RenderRequest['lookup'];
  readonly signal: AbortSignal | undefined;
  /** What the thread had computed before this request, in milliseconds; undefined where nobody tells. */
  readonly computedBefore: number | undefined;
  /** Milliseconds that passed, those since `since` and those of lookups not among them. */
  passed: number;
  since: number;
  lookups: number;
  stopClock: () => void;
}

/** Room that the collector needs below the hard limit, in bytes. */
const COLLECTOR_ROOM = 32 * 1_048_576;
/** JavaScript heap of a worker beyond the reply it decodes, in MiB. */
const SCRIPT_HEAP_MIB = 64;
const OVERLOADED = "the machine is overloaded, or the pod's CPU limit too low";
/** A thread's time is told in steps of 10 ms: looking more often tells nothing new. */
const MIN_WAIT_MS = 10;
/** Templates may nest deeply; V8's default of about 1 MiB ends Helm's own recursion limit of 1000 too early. */
const STACK_MIB = 16;

/**
 * One worker thread with one Helm instance, one request at a time. Where a request breaks a limit the thread is ended:
 * `ended` becomes true, the request fails with LimitExceeded, and the pool starts another worker.
 */
export class HelmWorker {
  readonly #options: HelmWorkerOptions;
  readonly #thread: Worker;
  readonly #answers: MessageChannel['port1'];
  readonly #signal = new Int32Array(new SharedArrayBuffer(4));
  readonly #ready: Promise<void>;
  #becomeReady: (error?: Error) => void = () => undefined;
  /** Where the kernel tells how long the thread has computed. */
  #kernelName: string | undefined;
  #running: Running | undefined;
  #ended = false;
  /** Charts that the instance holds: digest → its number and size in bytes, least recently used first. */
  readonly #charts = new Map<
    string,
    { readonly handle: number; readonly reply: WasmReply; readonly bytes: number }
  >();
  #nextHandle = 1;

  constructor(options: HelmWorkerOptions) {
    this.#options = options;
    const { port1, port2 } = new MessageChannel();
    this.#answers = port1;
    // The port is only ever written to: it must not keep the process alive.
    port1.unref();
    const setup: WorkerSetup = {
      module: options.module,
      softMemory: options.limits.memoryBytes - COLLECTOR_ROOM,
      replyBytes: options.limits.replyBytes,
      signal: this.#signal,
      answers: port2,
    };
    this.#thread = new Worker(options.workerUrl, {
      name: 'helm',
      workerData: setup,
      transferList: [port2],
      // Nothing of the parent's surroundings is for templates, and none of its flags.
      env: {},
      execArgv: [],
      argv: [],
      resourceLimits: {
        maxOldGenerationSizeMb: SCRIPT_HEAP_MIB + Math.ceil((options.limits.replyBytes * 4) / 1_048_576),
        stackSizeMb: STACK_MIB,
      },
    });
    this.#thread.unref();
    this.#thread.on('message', (message: FromWorker) => this.#receive(message));
    this.#thread.on('error', (error) => this.#fail(deathOf(error)));
    this.#thread.on('exit', () => this.#fail(new RenderError('TemplateFailed', 'the Helm worker ended')));
    this.#ready = this.#start();
  }

  /** The thread is gone or going: take another worker. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Renders; loads the chart first unless this worker has it. Answers what Helm answers,
   * errors of the chart included; fails with LimitExceeded where a limit was broken.
   */
  async render(digest: string, archive: Uint8Array, request: WorkerRequest): Promise<WorkerReply> {
    const loaded = await this.load(digest, archive);
    if (loaded.reply.error !== undefined) return loaded;
    const handle = this.#charts.get(digest)?.handle;
    if (handle === undefined) throw new Error('helm engine: a chart that was just loaded is not there');
    return this.#call({ type: 'render', handle, request: request.body }, request);
  }

  /** Loads a chart, once: the second time the answer is remembered. */
  async load(digest: string, archive: Uint8Array): Promise<WorkerReply> {
    const known = this.#charts.get(digest);
    if (known !== undefined) {
      this.#charts.delete(digest);
      this.#charts.set(digest, known);
      return { reply: known.reply, bytes: known.bytes };
    }
    const handle = this.#nextHandle++;
    const loaded = await this.#call({ type: 'load', handle, archive }, {});
    const size = loaded.reply.chart?.size;
    if (size !== undefined) this.#keep(digest, { handle, reply: loaded.reply, bytes: size });
    return loaded;
  }

  /** Asks whether an archive is what was signed. */
  verify(request: ProvenanceRequest, archive: Uint8Array): Promise<WorkerReply> {
    return this.#call({ type: 'verify', request, archive }, {});
  }

  /** Ends the thread; a request under way fails with `why`. */
  async end(why: RenderError = new RenderError('Cancelled', 'the Helm engine was closed')): Promise<void> {
    this.#fail(why);
    await this.#thread.terminate();
  }

  async #start(): Promise<void> {
    const { clock, limits } = this.#options;
    const late = new RenderError(
      'Cancelled',
      `the Helm worker did not start within ${limits.startMs / 1000} s: ${OVERLOADED}`,
    );
    const stopClock = clock.after(limits.startMs, () => void this.end(late));
    try {
      await new Promise<void>((resolve, reject) => {
        this.#becomeReady = (error) => (error === undefined ? resolve() : reject(error));
      });
    } finally {
      stopClock();
    }
  }

  #keep(
    digest: string,
    chart: { readonly handle: number; readonly reply: WasmReply; readonly bytes: number },
  ): void {
    this.#charts.set(digest, chart);
    let total = [...this.#charts.values()].reduce((sum, chart) => sum + chart.bytes, 0);
    for (const [oldest, chart] of this.#charts) {
      if (total <= this.#options.limits.parsedBytes || oldest === digest) break;
      this.#charts.delete(oldest);
      this.#post({ type: 'drop', handle: chart.handle });
      total -= chart.bytes;
    }
  }

  async #call(message: ToWorker, wanted: Partial<WorkerRequest>): Promise<WorkerReply> {
    await this.#ready;
    return new Promise((resolve, reject) => {
      const running: Running = {
        resolve,
        reject,
        lookup: wanted.lookup,
        signal: wanted.signal,
        computedBefore: threadTime(this.#kernelName),
        passed: 0,
        since: 0,
        lookups: 0,
        stopClock: () => undefined,
      };
      this.#running = running;
      this.#startClock(running);
      this.#post(message);
    });
  }

  #post(message: ToWorker): void {
    this.#thread.postMessage(message);
  }

  /** Looks again whenever the thread could have used up what it may compute. */
  #startClock(running: Running): void {
    const { clock, limits } = this.#options;
    running.since = clock.monotonic();
    const wait = Math.min(limits.renderMs - this.#computed(running), limits.starvedMs - running.passed);
    running.stopClock = clock.after(Math.max(MIN_WAIT_MS, wait), () => {
      running.passed += clock.monotonic() - running.since;
      const computed = this.#computed(running);
      if (computed >= limits.renderMs) void this.end(tooLong(limits));
      else if (running.passed >= limits.starvedMs) void this.end(starved(limits, computed));
      else this.#startClock(running);
    });
  }

  /** Milliseconds that the thread computed for the request; those that passed, where nobody tells. */
  #computed({ computedBefore, passed }: Running): number {
    const computed = threadTime(this.#kernelName);
    return computed === undefined || computedBefore === undefined ? passed : computed - computedBefore;
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this.#kernelName = message.thread;
        this.#becomeReady();
        return;
      case 'done': {
        const running = this.#finish();
        running?.resolve({ reply: message.reply, bytes: message.bytes });
        return;
      }
      case 'lookup':
        void this.#lookup(message.query);
        return;
      case 'fatal':
        void this.end(deathFrom(message, this.#options.limits));
    }
  }

  /** The clock stands still while the host looks up: a slow API server is not the template's fault. */
  async #lookup(query: LookupQuery): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    running.stopClock();
    running.passed += this.#options.clock.monotonic() - running.since;
    const answer = await this.#ask(running, query);
    // The thread may have been ended in the meantime.
    if (this.#running !== running) return;
    this.#startClock(running);
    this.#answers.postMessage(answer);
    Atomics.store(this.#signal, 0, 1);
    Atomics.notify(this.#signal, 0);
  }

  async #ask(running: Running, query: LookupQuery): Promise<LookupAnswer> {
    const { clock, limits } = this.#options;
    const subject = `lookup of ${query.kind} ${query.namespace}/${query.name}`;
    if (running.signal?.aborted) return { error: 'cancelled' };
    if (running.lookup === undefined) return {};
    if (++running.lookups > limits.lookups)
      return { error: `${subject}: more than ${limits.lookups} lookups in one rendering` };
    const late = new AbortController();
    try {
      const object = await Promise.race([
        running.lookup(query),
        clock.sleep(limits.lookupMs, late.signal).then(() => {
          throw new Error(`no answer within ${limits.lookupMs / 1000} s`);
        }),
      ]);
      return object === undefined ? {} : { object };
    } catch (error) {
      return { error: `${subject}: ${messageOf(error)}` };
    } finally {
      late.abort();
    }
  }

  #finish(): Running | undefined {
    const running = this.#running;
    this.#running = undefined;
    running?.stopClock();
    return running;
  }

  #fail(error: RenderError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#answers.close();
    this.#becomeReady(error);
    // Whoever waits for the start hears of it there; nobody may wait at all.
    this.#ready.catch(() => undefined);
    this.#finish()?.reject(error);
  }
}

/** What Helm answered and how many bytes of JSON that was. */
export interface WorkerReply {
  readonly reply: WasmReply;
  readonly bytes: number;
}

/** What a rendering hands to its worker. */
export interface WorkerRequest {
  readonly body: Extract<ToWorker, { type: 'render' }>['request'];
  readonly lookup: RenderRequest['lookup'];
  readonly signal: AbortSignal | undefined;
}

function tooLong({ renderMs }: EngineLimits): RenderError {
  return new RenderError(
    'LimitExceeded',
    `rendering computed for longer than ${renderMs / 1000} s and was ended: look for a template that loops`,
  );
}

/** Not the chart's fault: whoever asked asks again. */
function starved({ starvedMs }: EngineLimits, computed: number): RenderError {
  return new RenderError(
    'Cancelled',
    `rendering was given ${(computed / 1000).toFixed(1)} s of computing in ${starvedMs / 1000} s and was ended: ${OVERLOADED}`,
  );
}

function deathOf(error: unknown): RenderError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY')
    return new RenderError(
      'LimitExceeded',
      'what the chart renders to does not fit into memory: split the chart',
    );
  return new RenderError('TemplateFailed', 'the Helm worker died', { cause: error });
}

function deathFrom(message: Extract<FromWorker, { type: 'fatal' }>, limits: EngineLimits): RenderError {
  switch (message.cause) {
    case 'memory': {
      const size = Math.round(limits.memoryBytes / 1_048_576);
      const text = `rendering needed more than ${size} MiB and was ended: look for a template or value that grows without end`;
      return new RenderError('LimitExceeded', text);
    }
    case 'depth':
      return new RenderError(
        'LimitExceeded',
        'the templates call each other too deeply: look for one that includes itself',
      );
    case 'other':
      return new RenderError('TemplateFailed', `Helm stopped while rendering: ${message.detail}`);
  }
}
