/** Proxies as the environment names them. */
export interface ProxySettings {
  readonly https?: string | undefined;
  readonly http?: string | undefined;
  /** NO_PROXY: hosts, `.suffixes`, `host:port`, `*`; separated by commas. */
  readonly none?: string | undefined;
  /**
   * Hosts (`charts.example.com`) and domains (`.example.com`) that may be asked for through the proxy. The proxy resolves
   * names, so the addresses behind them can't be checked here.
   */
  readonly allowedHosts?: readonly string[] | undefined;
}

/** The proxy for a URL, or undefined for a direct connection. */
export function proxyFor(url: URL, proxy: ProxySettings): string | undefined {
  const candidate = url.protocol === 'https:' ? proxy.https : proxy.http;
  if (candidate === undefined || candidate === '') return undefined;
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const excluded = (proxy.none ?? '')
    .split(',')
    .map((rule) => rule.trim().toLowerCase())
    .filter((rule) => rule !== '')
    .some((rule) => matches(rule, url.hostname.toLowerCase(), port));
  return excluded ? undefined : candidate;
}

function matches(rule: string, host: string, port: string): boolean {
  if (rule === '*') return true;
  const [, name = rule, rulePort] = /^(.*?)(?::(\d+))?$/.exec(rule) ?? [];
  return (rulePort === undefined || rulePort === port) && isWithin(host, name);
}

/** True if a host is one of the listed, or inside a listed domain (`.example.com`, `*.example.com`). */
export function isListedHost(host: string, listed: readonly string[]): boolean {
  return listed.some((entry) => {
    const name = entry.trim().toLowerCase();
    return name.startsWith('.') || name.startsWith('*.')
      ? isWithin(host.toLowerCase(), name)
      : name === host.toLowerCase();
  });
}

function isWithin(host: string, rule: string): boolean {
  const domain = rule.replace(/^\*?\./, '');
  return host === domain || host.endsWith(`.${domain}`);
}
