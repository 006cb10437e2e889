import type { Client } from '../client/client.ts';
import type { ObjectRef } from '../kube/kind.ts';
import { isKubeError } from '../kube/kube-error.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Clock } from '../lib/clock.ts';
import { createLimit, type Limit } from '../lib/limit.ts';
import { createCarryOut, type CarriedOut, type CarryOut } from './carry-out.ts';
import type { Controller, Placement, Read, Watch } from './controller.ts';
import type { Events } from './events.ts';
import type { Change } from './informer.ts';
import type { InformerHold, InformerSet } from './informer-set.ts';
import type { Log } from './log.ts';
import type { LookOutcome, Metrics } from './metrics.ts';
import { keyOf, refOf } from './object-key.ts';
import { classify } from './outcome.ts';
import type { Plan, StatusBase } from './plan.ts';
import { WorkQueue } from './work-queue.ts';
import type { WriteLease } from './write-lease.ts';
import { messageOf } from '../lib/error-text.ts';

/** Objects a controller works on at the same time, unless it says otherwise: most of the time is spent waiting. */
const DEFAULT_CONCURRENCY = 10;
/** Rounds with `again` that wrote nothing before the loop backs off: a plan that does not progress must not spin. */
const IDLE_ROUNDS = 3;
/**
 * Looks at one object in a row before others have their turn. A plan that goes on is carried on at once, so that of a thousand
 * objects ten are nearly done and not all of them begun: what was begun is in memory. An instance takes about six.
 */
const ROUNDS_IN_A_ROW = 16;
const MS_PER_SECOND = 1000;

/** A time in which this process may work, and on what. */
export interface Term {
  /** Fenced by the term's lease: it also writes. */
  readonly client: Client;
  readonly events: Events;
  readonly lateMs: WriteLease['lateMs'];
  /** True for objects that are this term's to work on, by their UID; not there: all are. */
  readonly owns?: (uid: string) => boolean;
}

/** What a loop needs. */
export interface ControllerLoopDeps {
  readonly informers: InformerSet;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A controller at work. */
export interface ControllerLoop {
  readonly name: string;
  readonly placement: Placement;
  /** Begins to work once the controller's stores are filled; all objects of the term are looked at. */
  start(term: Term): void;
  /** Has an object looked at in the terms that it belongs to; nothing before `start`. */
  enqueue(ref: ObjectRef): void;
  /** Resolves when no look of the term is under way; looks that are, end before their next write. */
  stop(term: Term): Promise<void>;
  /** Stops all terms, and lets go of the informers. */
  close(): Promise<void>;
}

/** Puts a controller into a loop. Its informers are held from now on, work begins with `start`. */
export function createControllerLoop<T extends KubeObject, TWorld, TStatus extends StatusBase>(
  controller: Controller<T, TWorld, TStatus>,
  deps: ControllerLoopDeps,
): ControllerLoop {
  // A function of the controller's own kind is only ever given objects of that kind.
  const own = { kind: controller.kind, wakes: (object: KubeObject) => [object.metadata] } satisfies Watch;
  const watches: readonly Watch[] = [own, ...controller.watches];
  const holds = watches.map((watch) => deps.informers.hold(watch));
  const terms = new Map<Term, Running<T, TWorld, TStatus>>();
  const workers = controller.concurrency ?? DEFAULT_CONCURRENCY;
  const limit = createLimit(workers);
  const all = (): readonly Running<T, TWorld, TStatus>[] => [...terms.values()];
  const stop = async (term: Term): Promise<void> => {
    const last = terms.get(term);
    terms.delete(term);
    if (terms.size === 0) deps.metrics.forgetQueue(controller.name);
    await last?.stop();
  };
  return {
    name: controller.name,
    placement: controller.placement ?? 'leader',
    start: (term) => {
      if (terms.has(term)) return;
      terms.set(term, new Running(controller, { ...deps, watches, holds, term, workers, limit }));
      deps.metrics.watchQueue(controller.name, () => ({
        waiting: all().reduce((sum, { waiting }) => sum + waiting, 0),
        working: all().reduce((sum, { working }) => sum + working, 0),
      }));
    },
    enqueue: (ref) => {
      for (const running of all()) running.enqueue(ref);
    },
    stop,
    close: async () => {
      await Promise.all([...terms.keys()].map(stop));
      await Promise.all(holds.map((hold) => hold.release()));
    },
  };
}

interface RunningDeps extends ControllerLoopDeps {
  readonly term: Term;
  readonly watches: readonly Watch[];
  readonly holds: readonly InformerHold[];
  readonly workers: number;
  /** Shared by all terms of the controller: a process that holds many shards does not do more at once. */
  readonly limit: Limit;
}

/** How a look ended, and whether the next one follows at once. */
interface Looked {
  readonly outcome: LookOutcome;
  readonly goOn: boolean;
}

/** The time between a start and a stop. */
class Running<T extends KubeObject, TWorld, TStatus extends StatusBase> {
  readonly #controller: Controller<T, TWorld, TStatus>;
  readonly #deps: RunningDeps;
  readonly #log: Log;
  readonly #queue: WorkQueue;
  readonly #abort = new AbortController();
  readonly #read: Read;
  readonly #carryOut: CarryOut;
  readonly #unsubscribe: (() => void)[];
  readonly #idleRounds = new Map<string, number>();
  /** UIDs by key of what was looked at, where not all objects are ours: what moves away must be forgotten. */
  readonly #looked = new Map<string, string>();
  readonly #work: Promise<void>;

  constructor(controller: Controller<T, TWorld, TStatus>, deps: RunningDeps) {
    const { informers, clock, watches, holds, term } = deps;
    this.#controller = controller;
    this.#deps = deps;
    this.#log = deps.log.child({ controller: controller.name });
    this.#queue = new WorkQueue({ clock });
    this.#read = {
      stores: informers.stores,
      live: term.client,
      signal: this.#abort.signal,
      lateMs: term.lateMs,
    };
    this.#carryOut = createCarryOut({
      ...term,
      clock,
      log: this.#log,
      finalizer: controller.finalizer,
      perform: controller.perform?.bind(controller),
      // Marked as this controller's own: what it says about an object is no reason for it to look again.
      wrote: (ref, written) => controller.wrote?.(ref, written),
      expect: (kind, ref, planned) => informers.expect(kind, ref, planned ? this : undefined),
    });
    this.#unsubscribe = watches.flatMap((watch, index) => {
      const hold = holds[index];
      return hold === undefined ? [] : [hold.informer.subscribe((change) => this.#wake(watch, change))];
    });
    this.#work = this.#begin();
  }

  get waiting(): number {
    return this.#queue.depth;
  }

  get working(): number {
    return this.#queue.working;
  }

  enqueue(ref: ObjectRef): void {
    const key = keyOf(ref);
    if (this.#deps.term.owns === undefined || this.#looked.has(key) || this.#own(ref) !== undefined)
      this.#queue.add(key);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#queue.stop();
    await this.#work;
    // Whoever works on them next may change what we remember.
    for (const [key, uid] of this.#looked) this.#controller.forget?.(refOf(key), uid);
  }

  /** The object, if it is there and ours to work on. */
  #own(ref: ObjectRef): T | undefined {
    const { informers, term } = this.#deps;
    const object = informers.stores.get(this.#controller.kind, ref);
    return object === undefined || (term.owns?.(object.metadata.uid ?? '') ?? true) ? object : undefined;
  }

  async #begin(): Promise<void> {
    const { holds, informers, workers } = this.#deps;
    const stopped = new Promise<void>((resolve) => {
      this.#abort.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const synced = Promise.all(holds.map((hold) => hold.informer.synced));
    await Promise.race([synced, stopped]);
    if (this.#abort.signal.aborted) return;
    for (const object of informers.stores.list(this.#controller.kind)) this.enqueue(object.metadata);
    await Promise.all(Array.from({ length: workers }, () => this.#worker()));
  }

  /** Both states count: what an object pointed at before must learn that it no longer does. */
  #wake(watch: Watch, change: Change<KubeObject>): void {
    if (change.origin === this) return;
    const { object, previous, gone } = change;
    if (!gone && previous !== undefined && watch.heeds?.(object, previous) === false) return;
    const { stores } = this.#deps.informers;
    for (const ref of watch.wakes(change.object, stores)) this.enqueue(ref);
    if (change.previous === undefined || change.previous === change.object) return;
    for (const ref of watch.wakes(change.previous, stores)) this.enqueue(ref);
  }

  async #worker(): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      // What is looked at now decides anew when to look again.
      this.#queue.cancelDelay(key);
      await this.#deps.limit(() => this.#lookInARow(key));
      this.#queue.done(key);
    }
  }

  async #lookInARow(key: string): Promise<void> {
    for (let round = 1; round <= ROUNDS_IN_A_ROW; round += 1) {
      const begin = this.#deps.clock.monotonic();
      const { outcome, goOn } = await this.#look(key);
      const seconds = (this.#deps.clock.monotonic() - begin) / MS_PER_SECOND;
      this.#deps.metrics.looked(this.#controller.name, outcome, seconds);
      if (!goOn || this.#abort.signal.aborted) return;
      this.#queue.restart(key);
    }
    this.#queue.add(key);
  }

  /** One look at one object. Never throws: this is where every error ends. */
  async #look(key: string): Promise<Looked> {
    const ref = refOf(key);
    const object = this.#own(ref);
    if (object === undefined) return { outcome: this.#gone(key, ref), goOn: false };
    if (this.#deps.term.owns !== undefined) this.#looked.set(key, object.metadata.uid ?? '');
    try {
      const world = await this.#controller.observe(object, this.#read);
      const plan = this.#controller.plan(object, world, this.#deps.clock.now());
      const done = await this.#carryOut(this.#controller.kind, object, plan, this.#abort.signal);
      return this.#settle(key, plan, done);
    } catch (error) {
      return { outcome: await this.#fail(key, object, error), goOn: false };
    }
  }

  #gone(key: string, ref: ObjectRef): LookOutcome {
    this.#queue.forget(key);
    this.#idleRounds.delete(key);
    this.#controller.forget?.(ref, this.#looked.get(key));
    this.#looked.delete(key);
    return 'gone';
  }

  #settle(key: string, plan: Plan<TStatus>, done: CarriedOut): Looked {
    if (plan.again !== true) {
      this.#queue.forget(key);
      this.#idleRounds.delete(key);
      const lookAgainMs = done.heldBackMs ?? plan.lookAgainMs;
      if (lookAgainMs !== undefined) this.#queue.addAfter(key, lookAgainMs);
      return { outcome: 'done', goOn: false };
    }
    const progressed = done.written.length > 0 || done.statusWritten || done.finalizerWritten;
    const idle = progressed ? 0 : (this.#idleRounds.get(key) ?? 0) + 1;
    this.#idleRounds.set(key, idle);
    if (idle >= IDLE_ROUNDS) {
      const retryMs = this.#queue.retry(key);
      this.#log.warn('Plan asks to go on but does nothing', { key, retryMs });
      return { outcome: 'again', goOn: false };
    }
    this.#queue.forget(key);
    return { outcome: 'again', goOn: true };
  }

  /** All outcomes of a failed look, in one place. */
  async #fail(key: string, object: T, error: unknown): Promise<LookOutcome> {
    const failure = classify(error, this.#queue.failures(key), this.#abort.signal.aborted);
    switch (failure) {
      case 'stopped':
        return failure;
      case 'quiet': {
        const retryMs = this.#retry(key, error);
        this.#log.debug('Look failed, tried again', { key, retryMs, error });
        return failure;
      }
      case 'explain': {
        await this.#explain(key, object, error);
        const retryMs = this.#retry(key, error);
        this.#log.info('Look failed, the object says why', { key, retryMs, error: messageOf(error) });
        return failure;
      }
      case 'terminal':
        this.#queue.forget(key);
        await this.#explain(key, object, error);
        this.#log.info('Look failed until something changes', { key, error: messageOf(error) });
        return failure;
      case 'unexpected': {
        await this.#explain(key, object, error);
        const retryMs = this.#retry(key, error);
        this.#log.error('Look failed unexpectedly', { key, retryMs, error });
        return failure;
      }
    }
  }

  /** Back-off, and never earlier than the server asked for. */
  #retry(key: string, error: unknown): number {
    const waitMs = this.#queue.retry(key);
    const askedMs = isKubeError(error) ? (error.retryAfterMs ?? 0) : 0;
    if (askedMs <= waitMs) return waitMs;
    this.#queue.cancelDelay(key);
    this.#queue.addAfter(key, askedMs);
    return askedMs;
  }

  async #explain(key: string, object: T, error: unknown): Promise<void> {
    const { explain, kind } = this.#controller;
    if (explain === undefined) return;
    try {
      const plan = explain.call(this.#controller, object, error, this.#deps.clock.now());
      await this.#carryOut(kind, object, plan, this.#abort.signal);
    } catch (second) {
      // The first error is retried anyhow, and is explained again then.
      this.#log.debug('Explanation not written', { key, error: second });
    }
  }
}
