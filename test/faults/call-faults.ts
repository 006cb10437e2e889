/** What can become of one call. */
export type CallFault =
  /** The process dies before the call leaves it, or after the server acted and before the answer comes. */
  | { readonly kind: 'kill'; readonly when: 'before' | 'after' }
  /** The connection breaks before, or after the server acted. */
  | { readonly kind: 'reset'; readonly when: 'before' | 'after' }
  /** No answer ever comes; the server acted or did not. */
  | { readonly kind: 'timeout'; readonly when: 'before' | 'after' }
  /** This answer instead of the work. */
  | { readonly kind: 'status'; readonly status: number; readonly reason: string }
  /** The server acted, its answer is cut off in the middle. */
  | { readonly kind: 'truncated' }
  /** The call arrives late. */
  | { readonly kind: 'slow' }
  /** The network keeps the call; it may arrive when nobody expects it any more. */
  | { readonly kind: 'hold' };

/** The faults that every call is tried with, by the name they have in the name of a case. */
export const CALL_FAULTS = {
  'kill-before': { kind: 'kill', when: 'before' },
  'kill-after': { kind: 'kill', when: 'after' },
  'reset-before': { kind: 'reset', when: 'before' },
  'reset-after': { kind: 'reset', when: 'after' },
  'timeout-before': { kind: 'timeout', when: 'before' },
  'timeout-after': { kind: 'timeout', when: 'after' },
  conflict: { kind: 'status', status: 409, reason: 'Conflict' },
  'too-many': { kind: 'status', status: 429, reason: 'TooManyRequests' },
  internal: { kind: 'status', status: 500, reason: 'InternalError' },
  unavailable: { kind: 'status', status: 503, reason: 'ServiceUnavailable' },
  'server-timeout': { kind: 'status', status: 504, reason: 'Timeout' },
  truncated: { kind: 'truncated' },
  slow: { kind: 'slow' },
} as const satisfies Record<string, CallFault>;

export type CallFaultName = keyof typeof CALL_FAULTS;

/** True for what makes no difference to a read, because nothing was done either way, or cannot happen to one. */
export function isWriteFault(fault: CallFault): boolean {
  if (fault.kind === 'status') return fault.status === 409;
  return (
    (fault.kind === 'kill' || fault.kind === 'reset' || fault.kind === 'timeout') && fault.when === 'after'
  );
}
