import { constants, getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';
import { setFlagsFromString } from 'node:v8';

/*
 * On a machine with more work than cores a rendering must wait rather than the event loop, on which the webhooks of
 * all tenants hang. Threads of one process share what the kernel gives it alike, unless they say otherwise.
 */

/** Steps of niceness below the rest of the process: a tenth of the share that a thread of it gets. */
const STEPS = 10;

/**
 * Lets the other threads of the process go first. `thread` as `ownThread` tells it: on Linux each thread has a priority of
 * its own. Does nothing where there are none, or where it is not allowed.
 */
export function giveWay(thread: string | undefined): void {
  if (thread === undefined) return;
  try {
    setPriority(Number(basename(thread)), Math.min(constants.priority.PRIORITY_LOW, getPriority() + STEPS));
  } catch {
    // A sandbox without setpriority(2): then all are equal.
  }
}

/**
 * Compiles WebAssembly on one background thread at a time. V8 would take all it has for the hot functions of a module as
 * large as Helm, and while that lasts the event loop gets a fifth of the process's share. To be called before the first module.
 */
export function compileOneByOne(): void {
  setFlagsFromString('--wasm-num-compilation-tasks=1');
}
