import { HelmWorker, type HelmWorkerOptions } from './helm-worker.ts';
import { RenderError } from './rendering.ts';

/** A piece of work for any worker. */
type Task<T> = (worker: HelmWorker) => Promise<T>;

interface Waiting {
  readonly run: (worker: HelmWorker) => void;
  readonly reject: (error: Error) => void;
  readonly stop: () => void;
}

/** What the pool looks like from outside, for metrics. */
export interface PoolStats {
  readonly workers: number;
  readonly waiting: number;
  /** Workers ended because a rendering broke a limit, since the start. */
  readonly killed: number;
}

/**
 * Worker threads for renderings: one where one is enough, more when requests wait, none when nobody asks for a while
 * (each holds about 60 MiB). Requests run in the order they came.
 */
export class WorkerPool {
  readonly #options: HelmWorkerOptions;
  readonly #size: number;
  readonly #idle: HelmWorker[] = [];
  readonly #workers = new Map<HelmWorker, () => void>();
  readonly #queue: Waiting[] = [];
  #stopGrowing: (() => void) | undefined;
  #killed = 0;
  #closed = false;

  /** `size`: most workers at a time, the number of cores as a rule. */
  constructor(options: HelmWorkerOptions, size: number) {
    this.#options = options;
    this.#size = Math.max(1, size);
  }

  /** Runs the task as soon as a worker is free. Fails with Cancelled when aborted while it waits. */
  run<T>(task: Task<T>, signal?: AbortSignal): Promise<T> {
    const { limits } = this.#options;
    if (this.#closed) return Promise.reject(new RenderError('Cancelled', 'the Helm engine is closed'));
    if (this.#queue.length >= limits.queue)
      return Promise.reject(
        new RenderError('LimitExceeded', `${limits.queue} renderings are waiting already`),
      );
    return new Promise<T>((resolve, reject) => {
      const onAbort = (): void => {
        const at = this.#queue.indexOf(waiting);
        if (at >= 0) this.#queue.splice(at, 1);
        reject(new RenderError('Cancelled', 'the rendering was cancelled'));
      };
      const stop = (): void => signal?.removeEventListener('abort', onAbort);
      const waiting: Waiting = {
        reject,
        stop,
        run: (worker) => {
          task(worker)
            .then(resolve, reject)
            .finally(() => {
              stop();
              this.#free(worker);
            });
        },
      };
      if (signal?.aborted) {
        onAbort();
        return;
      }
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(waiting);
      this.#dispatch();
    });
  }

  stats(): PoolStats {
    return { workers: this.#workers.size, waiting: this.#queue.length, killed: this.#killed };
  }

  /** Ends all workers; what waits or runs fails with Cancelled. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopGrowing?.();
    for (const waiting of this.#queue.splice(0)) {
      waiting.stop();
      waiting.reject(new RenderError('Cancelled', 'the Helm engine was closed'));
    }
    for (const stopIdling of this.#workers.values()) stopIdling();
    await Promise.all([...this.#workers.keys()].map((worker) => worker.end()));
    this.#workers.clear();
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const worker = this.#takeIdle() ?? (this.#workers.size === 0 ? this.#add() : undefined);
      if (worker === undefined) {
        this.#growLater();
        return;
      }
      this.#workers.get(worker)?.();
      this.#workers.set(worker, () => undefined);
      this.#queue.shift()?.run(worker);
    }
  }

  /** A thread may have died while nobody looked; such a one is forgotten. */
  #takeIdle(): HelmWorker | undefined {
    for (let worker = this.#idle.pop(); worker !== undefined; worker = this.#idle.pop()) {
      if (!worker.ended) return worker;
      this.#workers.get(worker)?.();
      this.#workers.delete(worker);
    }
    return undefined;
  }

  #add(): HelmWorker {
    const worker = new HelmWorker(this.#options);
    this.#workers.set(worker, () => undefined);
    return worker;
  }

  /** A rendering takes milliseconds, a new worker a quarter of a second: only a queue that lasts is worth one. */
  #growLater(): void {
    if (this.#stopGrowing !== undefined || this.#workers.size >= this.#size) return;
    this.#stopGrowing = this.#options.clock.after(this.#options.limits.growAfterMs, () => {
      this.#stopGrowing = undefined;
      if (this.#closed || this.#queue.length === 0 || this.#workers.size >= this.#size) return;
      this.#idle.push(this.#add());
      this.#dispatch();
    });
  }

  #free(worker: HelmWorker): void {
    if (worker.ended) {
      this.#workers.delete(worker);
      if (!this.#closed) this.#killed++;
    } else if (!this.#closed) {
      this.#idle.push(worker);
      this.#workers.set(
        worker,
        this.#options.clock.after(this.#options.limits.idleMs, () => this.#retire(worker)),
      );
    }
    this.#dispatch();
  }

  #retire(worker: HelmWorker): void {
    const at = this.#idle.indexOf(worker);
    if (at < 0) return;
    this.#idle.splice(at, 1);
    this.#workers.delete(worker);
    void worker.end();
  }
}
