import type { ObjectRef } from '../kube/kind.ts';
import type { Clock } from '../lib/clock.ts';
import type { ControllerLoop, Term } from './controller-loop.ts';
import type { Placement } from './controller.ts';
import type { Log } from './log.ts';

/** Milliseconds that looks under way get to end; then the process goes without them. Below the kubelet's 30 s. */
const STOP_MS = 20_000;

/** The controllers of a process and the terms in which they work: both come and go. */
export class Crew {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #loops = new Map<string, ControllerLoop>();
  readonly #terms = new Map<Term, readonly Placement[]>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  has(name: string): boolean {
    return this.#loops.has(name);
  }

  /** Takes a controller in; it begins at once in the terms that are under way. */
  add(loop: ControllerLoop): void {
    this.#loops.set(loop.name, loop);
    for (const [term, placements] of this.#terms) if (placements.includes(loop.placement)) loop.start(term);
  }

  /** Resolves when nothing of the controller runs any more. Unknown names are no error. */
  async remove(name: string): Promise<void> {
    const loop = this.#loops.get(name);
    this.#loops.delete(name);
    await loop?.close();
  }

  enqueue(name: string, ref: ObjectRef): void {
    this.#loops.get(name)?.enqueue(ref);
  }

  /** Has the controllers of these placements work until the signal aborts; resolves when they have stopped, or too slowly. */
  async work(placements: readonly Placement[], term: Term, signal: AbortSignal): Promise<void> {
    this.#terms.set(term, placements);
    for (const loop of this.#loops.values()) if (placements.includes(loop.placement)) loop.start(term);
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    }
    this.#terms.delete(term);
    const stopped = Promise.all([...this.#loops.values()].map((loop) => loop.stop(term)));
    const patience = new AbortController();
    const tired = this.#clock.sleep(STOP_MS, patience.signal).then(
      () => this.#log.error('Looks under way did not end in time', { ms: STOP_MS }),
      () => undefined,
    );
    await Promise.race([stopped, tired]);
    patience.abort();
  }
}
