import { onAbort } from './on-abort.ts';

/**
 * The only door to time. Everything that waits, measures or stamps takes a Clock, so that tests turn the hands
 * themselves and nothing outside `main/` reads the system's clock.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch: for stamps that people or other programs read. */
  now(): number;
  /** Monotonic milliseconds: for time-outs, leases and durations. Never jumps. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when aborted. Leaves no listener behind. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs `task` once after `ms` milliseconds; the answer cancels it. The timer never keeps the process alive. */
  after(ms: number, task: () => void): () => void;
}

/** The system's clock: used by composition roots only. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        off();
        resolve();
      }, ms);
      const off = onAbort(signal, () => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      });
    }),
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
