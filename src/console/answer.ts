import { isKubeError, type KubeError } from '../kube/kube-error.ts';

/** What a request is answered with: JSON, or the text of a log. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What went wrong, in the form that the page reads. */
export interface Problem {
  readonly message: string;
  /** KubeErrorCode, or the console's own word. */
  readonly code: string;
  /** What the API server says of single fields. */
  readonly causes: readonly { readonly field: string; readonly message: string }[];
}

/** Something that the console itself refuses. */
export class ConsoleError extends Error {
  override readonly name = 'ConsoleError';
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const ok = (body: unknown): Answer => ({ status: 200, body });

/** An error as an answer: the API server's words as they are, anything unexpected without its text, which is for the log. */
export function answerOf(error: unknown): Answer {
  if (error instanceof ConsoleError)
    return problem(error.status, { message: error.message, code: error.code, causes: [] });
  if (!isKubeError(error))
    return problem(500, { message: 'The console failed; its log says why.', code: 'Failed', causes: [] });
  return problem(statusOf(error), {
    message: wordsOf(error),
    code: error.code,
    causes: error.causes.flatMap(({ field, message }) =>
      field === undefined || field === '' ? [] : [{ field, message: message ?? '' }],
    ),
  });
}

const problem = (status: number, body: Problem): Answer => ({ status, body });

/** Statuses of the API server are passed on; where it did not answer, that is a gateway's failure. */
function statusOf(error: KubeError): number {
  if (error.status >= 400) return error.status;
  return error.code === 'Timeout' ? 504 : 502;
}

/** Without what was asked in front (`create platformapi.kubeplus/X ns/name: `): the page knows that, and the API server's own words begin behind it. */
function wordsOf({ message, status }: KubeError): string {
  if (status === 0)
    return 'The API server did not answer. Try again; if it stays so, ask whoever runs the cluster.';
  const colon = message.indexOf(': ');
  return colon < 0 ? message : message.slice(colon + 2);
}
