import { setMaxListeners } from 'node:events';

/**
 * Calls `listener` once when the signal aborts, at once if it has already. The answer takes it off again and must be
 * called when the work is over: signals live as long as the process, listeners must not.
 *
 * Hundreds of calls and watches share one signal, so Node's warning at eleven listeners is switched off for it.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) {
    listener();
    return () => undefined;
  }
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
