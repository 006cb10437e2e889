import type { ControllerLoop, Term } from './controller-loop.ts';
import type { Placement } from './controller.ts';
import type { Log } from './log.ts';

/** Work that follows no objects: it runs for as long as its term lasts. */
export interface Task {
  /** For the log; differs from the names of controllers. */
  readonly name: string;
  /** Which replicas it runs in. */
  readonly placement: Placement;
  /** Works until the signal aborts. What it throws is logged, and it is not begun again before the next term. */
  run(signal: AbortSignal): Promise<void>;
}

/** A task in the form in which the crew starts and stops what works. */
export function createTaskLoop(task: Task, log: Log): ControllerLoop {
  const terms = new Map<Term, { readonly abort: AbortController; readonly ended: Promise<void> }>();
  const stop = async (term: Term): Promise<void> => {
    const running = terms.get(term);
    terms.delete(term);
    running?.abort.abort();
    await running?.ended;
  };
  return {
    name: task.name,
    placement: task.placement,
    start: (term) => {
      if (terms.has(term)) return;
      const abort = new AbortController();
      terms.set(term, { abort, ended: run(task, log, abort.signal) });
    },
    enqueue: () => undefined,
    stop,
    close: async () => {
      await Promise.all([...terms.keys()].map(stop));
    },
  };
}

async function run(task: Task, log: Log, signal: AbortSignal): Promise<void> {
  try {
    await task.run(signal);
  } catch (error) {
    // An error after the end is the end itself, seen from inside.
    if (!signal.aborted) log.error('Task ended', { task: task.name, error });
  }
}
