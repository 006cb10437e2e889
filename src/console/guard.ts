/** Headers of a request, as Node gives them. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Who may not go on, and why. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** How the console is reached. */
export interface GuardOptions {
  /** It listens on this machine only: then nobody reaches it by another name than this machine's. */
  readonly loopback: boolean;
}

/** Longer than any token of Kubernetes; Node takes 16 KiB of headers in all. */
const MAX_TOKEN = 12 * 1024;
/** As RFC 6750 has it: no line break, no space, so that nothing but one header comes of it. */
const BEARER = /^Bearer ([\w.~+/-]+=*)$/;
const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

/**
 * Whether a browser may ask this on behalf of the page in it. The page is served from here, so whatever another site's page sends is refused:
 * without a cookie it would carry no credential anyhow. Pure.
 */
export function refuse(headers: Headers, { loopback }: GuardOptions): Refusal | undefined {
  const host = one(headers['host']);
  if (host === undefined || (loopback && !LOOPBACK.test(host)))
    return { status: 421, message: 'This console answers to the name of the machine that it runs on only.' };
  const site = one(headers['sec-fetch-site']);
  const origin = one(headers['origin']);
  const isForeign =
    (site !== undefined && site !== 'same-origin' && site !== 'none') ||
    (origin !== undefined && hostOf(origin) !== host.toLowerCase());
  return isForeign ? { status: 403, message: 'This was asked for by the page of another site.' } : undefined;
}

/** The token of a request: the only thing that says who asks. Undefined if there is none of the form. */
export function tokenOf(headers: Headers): string | undefined {
  const header = one(headers['authorization']) ?? '';
  const [, token] = BEARER.exec(header) ?? [];
  return token === undefined || token.length > MAX_TOKEN ? undefined : token;
}

const one = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : undefined;

/** `https://a.example:8443` → `a.example:8443`; a sandboxed page says `null`. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
