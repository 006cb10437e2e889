/** What an API server asks a kubelet for about one pod. */
export interface KubeletRequest {
  readonly verb: 'log' | 'exec' | 'attach' | 'portforward';
  readonly namespace: string;
  readonly pod: string;
  /** Undefined for what concerns the whole pod. */
  readonly container: string | undefined;
  /** The question as the host's API server takes it. */
  readonly query: URLSearchParams;
}

const VERBS: Readonly<Record<string, KubeletRequest['verb']>> = {
  containerLogs: 'log',
  exec: 'exec',
  attach: 'attach',
  portForward: 'portforward',
};
/** What may be asked of a log. Everything else would be an option nobody here has thought about. */
const LOG_OPTIONS: ReadonlySet<string> = new Set(
  'follow previous sinceSeconds sinceTime timestamps tailLines limitBytes stream'.split(' '),
);
/** The kubelet's names of streams, and the API's. */
const STREAMS: Readonly<Record<string, string>> = {
  input: 'stdin',
  output: 'stdout',
  error: 'stderr',
  stdin: 'stdin',
  stdout: 'stdout',
  stderr: 'stderr',
  tty: 'tty',
};

/**
 * Reads a kubelet's URL: `/containerLogs/<ns>/<pod>/<container>`, `/exec/<ns>/<pod>[/<uid>]/<container>`, `/attach/…` and
 * `/portForward/<ns>/<pod>[/<uid>]`. Undefined for everything else.
 */
export function readKubeletUrl(url: string): KubeletRequest | undefined {
  const { pathname, searchParams } = new URL(url, 'http://kubelet');
  const [root = '', ...parts] = pathname.split('/').filter(Boolean).map(decoded);
  const verb = VERBS[root];
  const [namespace, pod] = parts;
  if (verb === undefined || namespace === undefined || pod === undefined || parts.includes(UNREADABLE))
    return undefined;
  const query = queryOf(verb, searchParams);
  if (verb === 'portforward') {
    return parts.length > 3 ? undefined : { verb, namespace, pod, container: undefined, query };
  }
  const container = parts.at(-1);
  // A UID may stand in between; whose pod it is we know by ourselves.
  const longest = verb === 'log' ? 3 : 4;
  if (container === undefined || parts.length < 3 || parts.length > longest) return undefined;
  query.set('container', container);
  return { verb, namespace, pod, container, query };
}

const UNREADABLE = '\0';

function decoded(part: string): string {
  try {
    const text = decodeURIComponent(part);
    return text.includes('/') || text === '.' || text === '..' ? UNREADABLE : text;
  } catch {
    return UNREADABLE;
  }
}

function queryOf(verb: KubeletRequest['verb'], given: URLSearchParams): URLSearchParams {
  const query = new URLSearchParams();
  for (const [key, value] of given) {
    const stream = STREAMS[key];
    if (verb === 'log') {
      if (LOG_OPTIONS.has(key)) query.append(key, value);
    } else if (verb === 'portforward') {
      if (key === 'port' || key === 'ports') query.append('ports', value);
    } else if (key === 'command') query.append(key, value);
    else if (stream !== undefined) query.append(stream, value === '1' || value === 'true' ? 'true' : 'false');
  }
  return query;
}
