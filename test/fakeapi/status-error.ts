import type { StatusCause } from '../../src/kube/kube-error.ts';

const HTTP: Readonly<Record<string, number>> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  NotImplemented: 501,
  ServiceUnavailable: 503,
  Timeout: 504,
};

/** What a failure says besides its reason and its text. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** The plural in most answers, the kind in those about invalid fields: as upstream has it. */
  readonly kind?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** Thrown anywhere inside the fake API server; becomes the meta/v1 Status of the answer. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: number;
  readonly reason: string;
  readonly details: StatusDetails;
  /** Where a list that expired goes on, with what is there now. */
  readonly continueToken: string | undefined;

  constructor(
    reason: string,
    message: string,
    details: StatusDetails & { readonly status?: number; readonly continueToken?: string } = {},
  ) {
    super(message);
    const { status, continueToken, ...rest } = details;
    this.continueToken = continueToken;
    this.reason = reason;
    this.status = status ?? HTTP[reason] ?? 500;
    this.details = rest;
  }

  toStatus(): object {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continueToken === undefined ? {} : { continue: this.continueToken },
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(Object.keys(this.details).length > 0 ? { details: this.details } : {}),
      code: this.status,
    };
  }
}

/** The reason by which the server knows that it refused something. */
export const NOT_IMPLEMENTED = 'NotImplemented';

/** What the fake can not do must never look as if it were done. */
export const notImplemented = (what: string): StatusError =>
  new StatusError(NOT_IMPLEMENTED, `the fake API server can't do this: ${what}`);
