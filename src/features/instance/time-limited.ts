import { createContext, Script } from 'node:vm';

/** A call was ended because it took too long. */
export class TooSlow extends Error {
  override readonly name = 'TooSlow';
}

/** Makes the call by a script of its own: Node can end a script, and with it whatever it called, patterns included. */
const script = new Script('call()');
const context = createContext({ call: undefined });

/**
 * Runs a synchronous function that somebody else may have made endless, and ends it after `limitMs`. For schemas of charts: a
 * pattern that backtracks (`^(a+)+$`), or `uniqueItems` over a long list, would else hold up the whole process. Throws TooSlow.
 */
export function timeLimited<T>(limitMs: number, call: () => T): T {
  let result: { readonly value: T } | undefined;
  context['call'] = () => {
    result = { value: call() };
  };
  try {
    script.runInContext(context, { timeout: limitMs });
  } catch (error) {
    if (!isTimeout(error)) throw error;
    throw new TooSlow(`ended after ${limitMs} ms`, { cause: error });
  } finally {
    context['call'] = undefined;
  }
  if (result === undefined) throw new TooSlow('did not end');
  return result.value;
}

/** By its code alone: the error is made inside the script's realm and is no `instanceof Error` of ours. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
