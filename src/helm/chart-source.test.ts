import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority, issue } from '../pki/certificate.ts';
import { systemClock } from '../lib/clock.ts';
import { FakeClock } from '../lib/fake-clock.ts';
import { sha256 } from '../lib/hash.ts';
import { ChartSourceError } from './chart-source-error.ts';
import { createChartFetcher, type ChartDownload, type ChartSourceSettings } from './chart-source.ts';
import { MAX_CHART_BYTES, type Resolve } from './source-request.ts';

const CHART = Buffer.from('not really a chart, but bytes');
const DAY = { notBefore: systemClock.now() - 60_000, days: 1 };

let server: Server;
let port = 0;
let caBundle = '';
const seen: { path: string; authorization: string | undefined; host: string | undefined }[] = [];
let stalled: () => void = () => undefined;

const toLoopback: Resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);

beforeAll(async () => {
  const authority = await createAuthority({ commonName: 'test', ...DAY });
  const leaf = await issue(authority, {
    commonName: 'charts',
    dnsNames: ['charts.test', 'other.test'],
    usages: ['server'],
    ...DAY,
  });
  caBundle = authority.cert;
  server = createServer({ key: leaf.key, cert: leaf.cert }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? '';
  seen.push({ path, authorization: request.headers.authorization, host: request.headers.host });
  const redirects: Record<string, string> = {
    '/moved.tgz': '/x.tgz',
    '/loop.tgz': '/loop.tgz',
    '/elsewhere.tgz': `https://other.test:${port}/x.tgz`,
    '/metadata.tgz': 'http://169.254.169.254/latest/meta-data',
    '/private.tgz': `https://10.0.0.1:${port}/x.tgz`,
    '/file.tgz': 'file:///etc/passwd',
  };
  const target = redirects[path];
  if (target !== undefined) response.writeHead(302, { location: target }).end();
  else if (path === '/x.tgz') response.end(CHART);
  else if (path === '/secret.tgz')
    response.writeHead(request.headers.authorization === undefined ? 401 : 200).end(CHART);
  else if (path === '/big.tgz')
    response.writeHead(200, { 'content-length': String(MAX_CHART_BYTES + 1) }).end();
  else if (path === '/endless.tgz') flood(response);
  else if (path === '/cut.tgz') {
    response.writeHead(200, { 'content-length': '1000' });
    response.write(CHART, () => response.destroy());
  } else if (path === '/slow.tgz') {
    response.writeHead(200);
    response.write('x', () => stalled());
  } else response.writeHead(path === '/broken.tgz' ? 503 : 404).end();
}

/** Sends until the reader has had enough; no length is announced. */
function flood(response: ServerResponse): void {
  const part = Buffer.alloc(1024 * 1024);
  const send = (): void => {
    while (!response.destroyed && response.write(part));
    if (!response.destroyed) response.once('drain', send);
  };
  send();
}

function download(path: string, more: Partial<ChartDownload> = {}): ChartDownload {
  return { url: new URL(`https://charts.test:${port}${path}`), caBundle, timeoutMs: 10_000, ...more };
}

const PRIVATE_ALLOWED: ChartSourceSettings = { allowHttp: false, allowPrivateHosts: true };

async function codeOf(
  settings: ChartSourceSettings,
  what: ChartDownload,
  resolve = toLoopback,
): Promise<string> {
  try {
    await createChartFetcher(settings, { clock: systemClock, resolve })(what);
    return 'ok';
  } catch (error) {
    if (error instanceof ChartSourceError) return error.code;
    throw error;
  }
}

describe('fetching a chart', () => {
  it('gives the bytes, over a redirect too', async () => {
    const fetch = createChartFetcher(PRIVATE_ALLOWED, { clock: systemClock, resolve: toLoopback });

    const bytes = await fetch(download('/moved.tgz', { digest: sha256(CHART) }));

    expect(Buffer.from(bytes)).toEqual(CHART);
  });

  it.each<[string, string, Partial<ChartDownload>, string]>([
    ['a chart that is not there', '/none.tgz', {}, 'ChartNotFound'],
    ['a certificate nobody vouches for', '/x.tgz', { caBundle: undefined }, 'BadCertificate'],
    ['a chart that says it is too large', '/big.tgz', {}, 'ChartTooLarge'],
    ['a chart without end', '/endless.tgz', {}, 'ChartTooLarge'],
    ['a chart that breaks off', '/cut.tgz', {}, 'ChartTruncated'],
    ['a server that wants to know who asks', '/secret.tgz', {}, 'ChartForbidden'],
    ['a server that has troubles', '/broken.tgz', {}, 'SourceUnavailable'],
    ['another chart than expected', '/x.tgz', { digest: '0'.repeat(64) }, 'DigestMismatch'],
    ['redirects without end', '/loop.tgz', {}, 'SourceUnavailable'],
    ['a redirect to a file', '/file.tgz', {}, 'UrlNotAllowed'],
    ['a redirect to http', '/metadata.tgz', { http: 'allowed' }, 'UrlNotAllowed'],
  ])('tells apart %s', async (_name, path, more, code) => {
    expect(await codeOf(PRIVATE_ALLOWED, download(path, more))).toBe(code);
  });

  it('says that a host does not exist', async () => {
    const nobody: Resolve = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));

    expect(await codeOf(PRIVATE_ALLOWED, download('/x.tgz'), nobody)).toBe('ChartNotFound');
  });

  it('gives up in time', async () => {
    const clock = new FakeClock();
    const reached = new Promise<void>((resolve) => (stalled = resolve));
    const fetching = createChartFetcher(PRIVATE_ALLOWED, { clock, resolve: toLoopback })(
      download('/slow.tgz'),
    );
    const failed = expect(fetching).rejects.toMatchObject({ code: 'SourceTimeout' });

    await reached;
    await clock.advance(10_000);

    await failed;
  });

  it('shows credentials to the server they are for and to no other', async () => {
    const fetch = createChartFetcher(PRIVATE_ALLOWED, { clock: systemClock, resolve: toLoopback });
    const credentials = { username: 'u', password: 'p' };
    seen.length = 0;

    await fetch(download('/secret.tgz', { credentials }));
    await fetch(download('/elsewhere.tgz', { credentials }));

    expect(seen.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/secret.tgz', 'Basic dTpw'],
      ['/elsewhere.tgz', 'Basic dTpw'],
      ['/x.tgz', undefined],
    ]);
    expect(seen[2]?.host).toBe(`other.test:${port}`);
  });
});

describe('the guard of addresses', () => {
  const strict: ChartSourceSettings = { allowHttp: true, allowPrivateHosts: false };

  it.each(['127.0.0.1', '10.96.0.1', '169.254.169.254', 'fd00::1', '::ffff:10.0.0.1'])(
    'refuses a name that resolves to %s, without a request',
    async (address) => {
      seen.length = 0;

      expect(
        await codeOf(strict, download('/x.tgz'), () =>
          Promise.resolve([{ address, family: address.includes(':') ? 6 : 4 }]),
        ),
      ).toBe('HostNotAllowed');
      expect(seen).toEqual([]);
    },
  );

  it('refuses if one of several addresses is private', async () => {
    const mixed: Resolve = () =>
      Promise.resolve([
        { address: '1.1.1.1', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);

    expect(await codeOf(strict, download('/x.tgz'), mixed)).toBe('HostNotAllowed');
  });

  it.each([
    'https://127.0.0.1/x.tgz',
    'https://[::1]/x.tgz',
    'https://2130706433/x.tgz',
    'https://0x7f.1/x.tgz',
    'https://[::ffff:7f00:1]/x.tgz',
  ])('refuses %s', async (url) => {
    expect(await codeOf(strict, download('/', { url: new URL(url) }))).toBe('HostNotAllowed');
  });

  it('asks nobody through a proxy but listed hosts', async () => {
    const proxied = (allowedHosts: readonly string[]): ChartSourceSettings => ({
      ...strict,
      proxy: { https: `http://127.0.0.1:1`, allowedHosts },
    });

    expect(await codeOf(proxied([]), download('/x.tgz'))).toBe('HostNotAllowed');
    expect(await codeOf(proxied(['.test']), download('/x.tgz'))).toBe('SourceUnavailable'); // listed; the proxy is not there
  });

  it('refuses http unless operator and composition both allow it', async () => {
    const url = new URL('http://charts.test/x.tgz');

    expect(await codeOf({ ...strict, allowHttp: false }, download('/', { url, http: 'allowed' }))).toBe(
      'UrlNotAllowed',
    );
    expect(await codeOf(strict, download('/', { url }))).toBe('UrlNotAllowed');
    expect(await codeOf(strict, download('/', { url, http: 'allowed' }))).toBe('HostNotAllowed');
  });
});
