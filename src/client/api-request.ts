/** One HTTP request as a value: made without I/O by `requests.ts`, sent by `transport.ts`. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, encoded, without the prefix of the server's URL. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
  /** What is asked, for messages: `create apps/Deployment ns/name`. */
  readonly what: string;
  /** May be sent again although the first one might have been carried out: reads and server-side applies. */
  readonly repeatable: boolean;
  /** Bytes of the answer after which it is given up. */
  readonly maxBytes: number;
  readonly watch?: true;
}

/** An answer with its whole body; of a watch only the head, `text` is then ''. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Sends one request once. Throws KubeError with code Network, Timeout, Cancelled or TooLarge; any status is an answer. */
export type Send = (request: ApiRequest) => Promise<ApiAnswer>;

/**
 * Wraps every single sending (each repetition counts anew; of a watch its opening): for metrics, tracing and for tests
 * that inject faults. Calls `next` any number of times and answers what the client shall see.
 */
export type Intercept = (request: ApiRequest, next: Send) => Promise<ApiAnswer>;
