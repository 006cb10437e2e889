/**
 * The reasons of meta/v1 Status that we tell apart, and what can go wrong below HTTP.
 * A closed list, so that the classification in the controller loop is exhaustive.
 */
export type KubeErrorCode =
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Expired' // 410: the resourceVersion or continue token is too old
  | 'Invalid'
  | 'TooLarge'
  | 'UnsupportedMediaType'
  | 'TooManyRequests'
  | 'InternalError'
  | 'ServiceUnavailable'
  | 'ServerTimeout'
  | 'Network' // no answer: refused, reset, TLS
  | 'Timeout' // no answer in our time
  | 'Cancelled' // our own AbortSignal
  | 'Unknown';

/** One entry of meta/v1 Status.details.causes. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/**
 * The only error the client throws. `code` is for programs, `message` for people (it begins with what was asked,
 * e.g. `create apps/Deployment ns/name: …`), `cause` keeps what was caught.
 */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly code: KubeErrorCode;
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** Milliseconds the server asked us to wait. */
  readonly retryAfterMs: number | undefined;
  readonly causes: readonly StatusCause[];

  constructor(
    code: KubeErrorCode,
    message: string,
    details: {
      status?: number;
      retryAfterMs?: number | undefined;
      causes?: readonly StatusCause[];
      cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status ?? 0;
    this.retryAfterMs = details.retryAfterMs;
    this.causes = details.causes ?? [];
  }
}

/** True if `error` is a KubeError with one of the codes. */
export function isKubeError(error: unknown, ...codes: readonly KubeErrorCode[]): error is KubeError {
  return error instanceof KubeError && (codes.length === 0 || codes.includes(error.code));
}
