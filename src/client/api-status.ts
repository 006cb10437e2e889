import { KubeError, type KubeErrorCode, type StatusCause } from '../kube/kube-error.ts';
import type { ApiAnswer } from './api-request.ts';
import { isMap } from '../lib/narrow.ts';

/** Reasons of meta/v1 Status that are spelled unlike our codes. */
const REASONS: Readonly<Record<string, KubeErrorCode>> = {
  Gone: 'Expired',
  RequestEntityTooLarge: 'TooLarge',
  Timeout: 'ServerTimeout',
};
const SAME_SPELLING: ReadonlySet<string> = new Set<KubeErrorCode>([
  'BadRequest',
  'Unauthorized',
  'Forbidden',
  'NotFound',
  'MethodNotAllowed',
  'AlreadyExists',
  'Conflict',
  'Expired',
  'Invalid',
  'UnsupportedMediaType',
  'TooManyRequests',
  'InternalError',
  'ServiceUnavailable',
  'ServerTimeout',
]);
/** For answers that are no Status: proxies, aggregated API servers, bare 429s. */
const BY_HTTP_STATUS: Readonly<Record<number, KubeErrorCode>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  413: 'TooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  502: 'ServiceUnavailable',
  503: 'ServiceUnavailable',
  504: 'ServerTimeout',
};
/** Characters of a body that is no Status shown in the message: enough to recognise a proxy's page. */
const SHOWN_TEXT = 200;

/** The error an answer stands for; `what` says what was asked. */
export function errorFromAnswer(what: string, answer: ApiAnswer): KubeError {
  const status = parseStatus(answer.text);
  return errorFromStatus(what, status ?? {}, {
    status: answer.status,
    retryAfterMs: retryAfterMs(answer.headers['retry-after']),
    text: status === undefined ? answer.text.trim().slice(0, SHOWN_TEXT) : '',
  });
}

/** The error a Status object stands for: the body of an answer, or the object of an ERROR event. */
export function errorFromStatus(
  what: string,
  body: Readonly<Record<string, unknown>>,
  answer: {
    readonly status?: number;
    readonly retryAfterMs?: number | undefined;
    readonly text?: string;
  } = {},
): KubeError {
  const details = isMap(body['details']) ? body['details'] : {};
  const http = answer.status ?? (typeof body['code'] === 'number' ? body['code'] : 0);
  const seconds = details['retryAfterSeconds'];
  const message =
    typeof body['message'] === 'string' && body['message'] !== '' ? body['message'] : answer.text;
  const causes = Array.isArray(details['causes']) ? details['causes'].filter(isMap).map(causeOf) : [];
  return new KubeError(codeOf(body['reason'], http, causes), `${what}: ${message || `HTTP status ${http}`}`, {
    status: http,
    retryAfterMs:
      answer.retryAfterMs ?? (typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined),
    causes,
  });
}

function codeOf(reason: unknown, http: number, causes: readonly StatusCause[]): KubeErrorCode {
  // A patch or apply that carries the UID of an object that was created anew: the server calls the other UID invalid
  // (it "is immutable") where PUT and DELETE answer Conflict. For callers it is one and the same thing.
  if (reason === 'Invalid' && causes.some((cause) => cause.field === 'metadata.uid')) return 'Conflict';
  if (typeof reason === 'string') {
    const renamed = REASONS[reason];
    if (renamed !== undefined) return renamed;
    // True: the set holds codes only.
    if (SAME_SPELLING.has(reason)) return reason as KubeErrorCode;
  }
  return BY_HTTP_STATUS[http] ?? 'Unknown';
}

function causeOf(cause: Readonly<Record<string, unknown>>): StatusCause {
  const { reason, message, field } = cause;
  return {
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof message === 'string' ? { message } : {}),
    ...(typeof field === 'string' ? { field } : {}),
  };
}

function parseStatus(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return isMap(body) && body['kind'] === 'Status' ? body : undefined;
  } catch {
    return undefined;
  }
}

/** Only seconds: the API server never sends the date form. */
function retryAfterMs(header: string | string[] | undefined): number | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) * 1000 : undefined;
}
