import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import { sha256 } from '../lib/hash.ts';
import { readMirrors, type ChartMirror } from './chart-mirrors.ts';
import { ChartSourceError } from './chart-source-error.ts';
import { createChartFetcher, type ChartDownload, type ChartSourceSettings } from './chart-source.ts';

const CHART = 'a chart, in bytes';
const OLD = 'another chart';
const CREDENTIALS = { username: 'jo', password: 'secret' };
const CHART_LAYER = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';

/** Every host is this one server; it knows by name which of them is meant. */
let server: Server;
let port = 0;
let pages: Record<string, string | ((request: IncomingMessage, response: ServerResponse) => void)> = {};
let seen: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const [host = ''] = (request.headers.host ?? '').split(':');
    const what = `${host}${request.url}`;
    seen.push(
      request.headers.authorization === undefined ? what : `${what} ${request.headers.authorization}`,
    );
    const page = pages[what];
    if (page === undefined) response.writeHead(404).end();
    else if (typeof page === 'string') response.end(page);
    else page(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo); // True of a server that listens on a port.
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  pages = {};
  seen = [];
});

const at = (path: string): Pick<ChartDownload, 'url'> => ({
  url: new URL(`http://origin.test:${port}${path}`),
});
const registry = (more: object = {}): Pick<ChartDownload, 'url' | 'oci'> => ({
  ...at('/'),
  oci: { host: `origin.test:${port}`, repository: 'charts/shop', tag: '1.2.3', digest: undefined, ...more },
});
const mirrorAt = (path = '/proxy', secretName?: string): ChartMirror => ({
  host: `origin.test:${port}`,
  url: new URL(`http://mirror.test:${port}${path}`),
  secretName,
});

async function outcome(
  download: Partial<ChartDownload> & Pick<ChartDownload, 'url'>,
  mirror = mirrorAt(),
  settings: Partial<ChartSourceSettings> = {},
): Promise<string> {
  const fetch = createChartFetcher(
    { allowHttp: true, allowPrivateHosts: true, mirrors: [mirror], ...settings },
    {
      clock: systemClock,
      resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
      mirrorCredentials: (name) => Promise.resolve({ token: `of-${name}` }),
    },
  );
  try {
    return Buffer.from(await fetch({ http: 'allowed', timeoutMs: 20_000, ...download })).toString();
  } catch (error) {
    if (error instanceof ChartSourceError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/** What a registry has of the chart, below a path of its repositories. */
function registryPages(host: string, prefix = '', chart = CHART): Record<string, string> {
  const digest = sha256(chart);
  const manifest = JSON.stringify({ layers: [{ mediaType: CHART_LAYER, digest: `sha256:${digest}` }] });
  const base = `${host}/v2/${prefix}charts/shop`;
  return {
    [`${base}/manifests/1.2.3`]: manifest,
    [`${base}/manifests/sha256:${sha256(manifest)}`]: manifest,
    [`${base}/blobs/sha256:${digest}`]: chart,
  };
}

describe('a mirror', () => {
  it('is asked instead of the host, below its path, whatever the source is', async () => {
    const index = (url: string): string => `entries:\n  shop:\n  - version: 1.2.3\n    urls: ['${url}']\n`;
    pages = {
      'mirror.test/proxy/shop.tgz?raw=true': CHART,
      // An index may name its host in full.
      'mirror.test/proxy/repo/index.yaml': index(`http://origin.test:${port}/files/shop.tgz`),
      'mirror.test/proxy/files/shop.tgz': CHART,
      ...registryPages('mirror.test', 'proxy/'),
    };

    expect(await outcome(at('/shop.tgz?raw=true'))).toBe(CHART);
    expect(await outcome({ ...at('/repo'), entry: { name: 'shop', version: '1.2.3' } })).toBe(CHART);
    expect(await outcome(registry())).toBe(CHART);
    expect(seen.filter((what) => what.startsWith('origin.test'))).toEqual([]);
  });

  it.each([
    ['has it not', undefined],
    ['refuses', 403],
    ['has troubles', 503],
  ])('that %s is passed over for the host', async (_what, status) => {
    pages = {
      ...registryPages('origin.test'),
      ...(status === undefined
        ? {}
        : {
            'mirror.test/v2/proxy/charts/shop/manifests/1.2.3': (_: unknown, to: ServerResponse) =>
              void to.writeHead(status).end(),
          }),
    };

    expect(await outcome(registry())).toBe(CHART);
  });

  it('that fails like the host is named in the message', async () => {
    expect(await outcome(at('/none.tgz'))).toMatch(
      /^ChartNotFound: origin\.test:\d+ has no \/none\.tgz .*; before, its mirror failed: mirror\.test:\d+ has no \/proxy\/none\.tgz/,
    );
  });

  it('gets neither credentials nor authorities of the host, which gets them as before', async () => {
    const wantsThem = (request: IncomingMessage, response: ServerResponse): void => {
      if (request.headers.authorization === undefined)
        response.writeHead(401, { 'www-authenticate': 'Basic realm="give me all"' }).end();
      else response.end(CHART);
    };
    pages = { 'mirror.test/proxy/shop.tgz': wantsThem, 'origin.test/shop.tgz': wantsThem };

    expect(await outcome({ ...at('/shop.tgz'), credentials: CREDENTIALS })).toBe(CHART);
    expect(await outcome({ ...registry(), credentials: CREDENTIALS })).toMatch(/^ChartNotFound/);
    pages['mirror.test/v2/proxy/charts/shop/manifests/1.2.3'] = wantsThem;
    await outcome({ ...registry(), credentials: CREDENTIALS });

    expect(seen).toContain('origin.test/shop.tgz Basic am86c2VjcmV0');
    expect(seen.filter((what) => what.startsWith('mirror.test') && what.includes(' '))).toEqual([]);
  });

  it('gets those that are named for it, and the host does not; nobody gets them for who is not known', async () => {
    pages = { 'mirror.test/proxy/shop.tgz': (_request, response) => void response.writeHead(404).end() };

    await outcome(at('/shop.tgz'), mirrorAt('/proxy', 'login'));
    await outcome({ ...at('/shop.tgz'), anonymous: true }, mirrorAt('/proxy', 'login'));

    expect(seen).toEqual([
      'mirror.test/proxy/shop.tgz Bearer of-login',
      'origin.test/shop.tgz',
      'mirror.test/proxy/shop.tgz',
      'origin.test/shop.tgz',
    ]);
  });

  it('is held to the digest, and one that delivers something else is not passed over', async () => {
    const manifest = registryPages('origin.test')[`origin.test/v2/charts/shop/manifests/1.2.3`] ?? '';
    pages = {
      'mirror.test/proxy/shop.tgz': OLD,
      'origin.test/shop.tgz': CHART,
      ...registryPages('origin.test'),
      [`mirror.test/v2/proxy/charts/shop/manifests/sha256:${sha256(manifest)}`]: `${manifest} `,
    };
    const lie = /^DigestMismatch: .*\(the mirror mirror\.test:\d+ delivered it\)$/;

    expect(await outcome({ ...at('/shop.tgz'), digest: sha256(CHART) })).toMatch(lie);
    expect(await outcome(registry({ tag: undefined, digest: sha256(manifest) }))).toMatch(lie);
  });

  it('may be on a private network; what it redirects to may not', async () => {
    pages = {
      'mirror.test/proxy/shop.tgz': CHART,
      'mirror.test/proxy/moved.tgz': (_request, response) =>
        void response.writeHead(302, { location: `http://inside.test:${port}/secret` }).end(),
    };
    const strict = { allowPrivateHosts: false };

    expect(await outcome(at('/shop.tgz'), mirrorAt(), strict)).toBe(CHART);
    expect(await outcome(at('/moved.tgz'), mirrorAt(), strict)).toMatch(/^HostNotAllowed: .*inside\.test/);
    expect(seen.filter((what) => what.startsWith('inside.test'))).toEqual([]);
  });

  it('is not led out of its path', async () => {
    for (const path of ['/../admin', '/%2e%2e/admin', '/..%2fadmin', '/a/..%2F..%2fadmin', '/%5c..%5cadmin'])
      await outcome(at(path));

    const asked = seen.filter((what) => what.startsWith('mirror.test'));
    expect(asked).toEqual(['mirror.test/proxy/admin', 'mirror.test/proxy/admin']);
  });
});

describe('the setting', () => {
  it('takes addresses with and without a protocol', () => {
    const text = JSON.stringify([
      { host: 'charts.example.com:443', mirror: 'mirror.example:5000/proxy' },
      { host: 'localhost:5000', mirror: 'http://mirror.example', secretName: 'login' },
    ]);

    expect(readMirrors(text)).toEqual([
      {
        host: 'charts.example.com',
        url: new URL('https://mirror.example:5000/proxy'),
        secretName: undefined,
      },
      { host: 'localhost:5000', url: new URL('http://mirror.example'), secretName: 'login' },
    ]);
  });

  it.each([
    ['no JSON', '{', 'is no list'],
    ['an unknown field', '[{"host":"a.test","mirror":"b.test","password":"x"}]', 'is no list'],
    ['a path as host', '[{"host":"a.test/x","mirror":"b.test"}]', 'which is no host'],
    ['a file as mirror', '[{"host":"a.test","mirror":"file:///etc"}]', 'which is no address of a mirror'],
    ['a password', '[{"host":"a.test","mirror":"https://u:p@b.test"}]', 'has a password'],
    ['itself', '[{"host":"a.test","mirror":"a.test/x"}]', 'as a mirror of itself'],
  ])('is not %s', (_what, text, problem) => {
    expect(readMirrors(text)).toContain(problem);
  });
});
