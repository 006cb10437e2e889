import { KubeError, isKubeError } from '../kube/kube-error.ts';
import type { Clock } from '../lib/clock.ts';
import type { ApiAnswer, ApiRequest, Send } from './api-request.ts';
import { errorFromAnswer } from './api-status.ts';
import { isReset } from './transport.ts';

/** Repetitions because the server said "later"; then the caller's own back-off is the better place to wait. */
const MAX_LATER = 4;
/** Milliseconds one such wait may take; longer ones are handed to the caller as an error. */
const MAX_WAIT_MS = 30_000;

/** Surroundings of one call's repetitions. */
export interface RetryOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Forgets a refused credential; true if a fresh one can be had. */
  readonly credentialRefused: () => boolean;
}

/**
 * Sends a request, again where that is safe and promising:
 * once after a broken connection if the request is repeatable; after the time the server names with 429 or 503, but
 * never a POST; once with a fresh credential after 401 (the server did nothing then, so a POST, too, is not doubled).
 */
export async function sendWithRetries(
  request: ApiRequest,
  send: Send,
  options: RetryOptions,
): Promise<ApiAnswer> {
  let resets = 0;
  let refused = 0;
  for (let later = 0; ;) {
    let answer: ApiAnswer;
    try {
      answer = await send(request);
    } catch (error) {
      if (!request.repeatable || resets > 0 || !isReset(error)) throw error;
      resets += 1;
      continue;
    }
    if (answer.status === 401 && refused === 0 && options.credentialRefused()) {
      refused += 1;
      continue;
    }
    const wait = later < MAX_LATER ? waitFor(request, answer) : undefined;
    if (wait === undefined) return answer;
    later += 1;
    await sleep(request.what, wait, options);
  }
}

/** Milliseconds the server asks to wait before the same request again; undefined if it shall not be sent again. */
function waitFor(request: ApiRequest, answer: ApiAnswer): number | undefined {
  if ((answer.status !== 429 && answer.status !== 503) || request.method === 'POST') return undefined;
  const { retryAfterMs } = errorFromAnswer(request.what, answer);
  return retryAfterMs !== undefined && retryAfterMs <= MAX_WAIT_MS ? retryAfterMs : undefined;
}

async function sleep(what: string, ms: number, { clock, signal }: RetryOptions): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    throw isKubeError(error) ? error : new KubeError('Cancelled', `${what}: cancelled`, { cause: error });
  }
}
