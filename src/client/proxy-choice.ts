import { BlockList, isIP } from 'node:net';

/**
 * The proxy for a server out of HTTPS_PROXY, HTTP_PROXY and NO_PROXY (either case), by the rules of Go's HTTP client,
 * which kubectl follows: never for this machine itself; NO_PROXY lists hosts, domains (with their subdomains; with a
 * leading dot only those), addresses, ranges, each with a port if it shall count for that port only, or `*`.
 */
export function chooseProxy(
  server: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const url = new URL(server);
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const names = url.protocol === 'https:' ? ['HTTPS_PROXY', 'https_proxy'] : ['HTTP_PROXY', 'http_proxy'];
  const proxy = names.map((name) => env[name]).find((value) => value !== undefined && value !== '');
  if (proxy === undefined || isLoopback(host)) return undefined;
  const exceptions = (env['NO_PROXY'] ?? env['no_proxy'] ?? '')
    .split(',')
    .map((entry) => entry.trim().toLowerCase());
  if (exceptions.some((entry) => entry !== '' && excepts(entry, host, port))) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function excepts(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return inRange(host, entry);
  const { name, only } = splitPort(entry);
  if (only !== undefined && only !== port) return false;
  if (isIP(host) !== 0) return name === host;
  if (name.startsWith('*.')) return host.endsWith(name.slice(1));
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

function splitPort(entry: string): { readonly name: string; readonly only: string | undefined } {
  if (isIP(entry) !== 0) return { name: entry, only: undefined };
  const match = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(entry);
  return { name: match?.[1] ?? entry, only: match?.[2] };
}

function inRange(host: string, range: string): boolean {
  const family = isIP(host);
  const [address = '', prefix = ''] = range.split('/');
  if (family === 0 || isIP(address) !== family || !/^\d+$/.test(prefix)) return false;
  if (Number(prefix) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(prefix), family === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
