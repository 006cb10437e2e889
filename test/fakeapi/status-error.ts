import type { StatusCause } from '../../src/kube/kube-error.ts';

const HTTP: Readonly<Record<string, number>> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
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

/** Thrown anywhere inside the fake API server; becomes the meta/v1 Status of the answer. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: number;
  readonly reason: string;
  readonly details: { readonly causes?: readonly StatusCause[]; readonly retryAfterSeconds?: number };

  constructor(
    reason: string,
    message: string,
    details: StatusError['details'] & { readonly status?: number } = {},
  ) {
    super(message);
    const { status, ...rest } = details;
    this.reason = reason;
    this.status = status ?? HTTP[reason] ?? 500;
    this.details = rest;
  }

  toStatus(): object {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      details: this.details,
      code: this.status,
    };
  }
}

/** What the fake can not do must never look as if it were done. */
export const notImplemented = (what: string): StatusError =>
  new StatusError('NotImplemented', `the fake API server can't do this: ${what}`);
