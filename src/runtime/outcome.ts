import { isKubeError, type KubeErrorCode } from '../kube/kube-error.ts';
import { isNotOurs } from './not-ours.ts';
import { Terminal } from './terminal.ts';

/**
 * What becomes of a failed look:
 *
 * - `stopped`: we are stopping or no longer lead; nothing is said, nobody retries here.
 * - `quiet`: weather (conflicts, network, server overload); retried without a word to the user.
 * - `explain`: the user can do something about it; said in a condition, retried with back-off.
 * - `terminal`: said in a condition, not retried until something changes.
 * - `unexpected`: a defect of ours or something nobody thought of; logged with its stack, said, retried.
 */
export type Failure = 'stopped' | 'quiet' | 'explain' | 'terminal' | 'unexpected';

/**
 * Attempts (about 5 s with the queue's back-off) after which weather is told to the user after all: a webhook of
 * somebody else that always fails looks like weather, and silence would hide it for ever.
 */
const QUIET_ATTEMPTS = 10;

/** Classifies what observe, plan or carry-out threw. `failures` counts the failed looks before this one. */
export function classify(error: unknown, failures: number, stopping: boolean): Failure {
  if (error instanceof Terminal) return 'terminal';
  if (isNotOurs(error)) return 'explain';
  if (!isKubeError(error)) return stopping && isAbort(error) ? 'stopped' : 'unexpected';
  const failure = classifyCode(error.code);
  if (failure === 'stopped') return stopping ? 'stopped' : 'quiet';
  return failure === 'quiet' && failures >= QUIET_ATTEMPTS ? 'explain' : failure;
}

function classifyCode(code: KubeErrorCode): Failure {
  switch (code) {
    case 'Conflict':
    case 'AlreadyExists': // lost a race for the name: the next look sees who won
    case 'Network':
    case 'Timeout':
    case 'ServerTimeout':
    case 'TooManyRequests':
    case 'ServiceUnavailable':
    case 'InternalError':
    case 'Unauthorized': // our own credentials are being renewed; nothing the user of the object can do
    case 'Expired':
      return 'quiet';
    case 'Cancelled':
      return 'stopped';
    case 'BadRequest':
    case 'Forbidden':
    case 'NotFound':
    case 'MethodNotAllowed':
    case 'Invalid':
    case 'TooLarge':
    case 'UnsupportedMediaType':
      return 'explain';
    case 'Unknown':
      return 'unexpected';
  }
}

/** What `AbortSignal.reason` is by default, and what Node's own functions throw on abort. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
