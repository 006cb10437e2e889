/** A request as it came in, for counting and for matching. */
export interface RequestRecord {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Who the request counts as: the impersonated user where there is one. */
  readonly user: string;
  readonly contentType: string;
  /** Parsed, undefined where there was none. */
  readonly body: unknown;
  /** HTTP status of the answer; 0 until it is known and where the connection was broken. */
  status: number;
}

/** Which requests a fault hits; everything given must fit. */
export interface RequestMatcher {
  readonly method?: string;
  /** A text is the whole path. */
  readonly path?: string | RegExp;
  readonly user?: string;
  readonly watch?: boolean;
}

/** What goes wrong. */
export type Fault =
  /** This answer instead of the work. */
  | {
      readonly status: number;
      readonly reason?: string;
      readonly message?: string;
      readonly retryAfterSeconds?: number;
    }
  /** The connection breaks before, or after the work was done. */
  | { readonly reset: 'before' | 'after' }
  /** The work waits, on the server's clock. */
  | { readonly delayMs: number }
  /** A watch breaks after so many lines. */
  | { readonly dropAfterEvents: number }
  /** An answer that is cut off in the middle of its body. */
  | { readonly truncate: true };

/** A fault that was set. */
export interface FaultHandle {
  /** Requests hit so far. */
  readonly hits: number;
  remove(): void;
}

interface Entry {
  readonly matcher: RequestMatcher | ((request: RequestRecord) => boolean);
  readonly fault: Fault;
  left: number;
  hits: number;
}

/** The faults of one server; the first that fits a request hits it. */
export class Faults {
  #entries: Entry[] = [];

  /** Sets a fault for the next `times` requests that fit. */
  add(matcher: Entry['matcher'], fault: Fault, times: number): FaultHandle {
    const entry: Entry = { matcher, fault, left: times, hits: 0 };
    this.#entries.push(entry);
    return {
      get hits() {
        return entry.hits;
      },
      remove: () => {
        this.#entries = this.#entries.filter((other) => other !== entry);
      },
    };
  }

  next(request: RequestRecord): Fault | undefined {
    const entry = this.#entries.find((candidate) => candidate.left > 0 && fits(candidate.matcher, request));
    if (entry === undefined) return undefined;
    entry.left -= 1;
    entry.hits += 1;
    return entry.fault;
  }
}

function fits(matcher: Entry['matcher'], request: RequestRecord): boolean {
  if (typeof matcher === 'function') return matcher(request);
  const { method, path, user, watch } = matcher;
  return (
    (method === undefined || method === request.method) &&
    (path === undefined || (typeof path === 'string' ? path === request.path : path.test(request.path))) &&
    (user === undefined || user === request.user) &&
    (watch === undefined || watch === (request.query.get('watch') === 'true'))
  );
}
