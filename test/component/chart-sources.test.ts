import { generateKeyPairSync, sign } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChartSourceError } from '../../src/helm/chart-source-error.ts';
import {
  createChartFetcher,
  type ChartDownload,
  type ChartSourceSettings,
} from '../../src/helm/chart-source.ts';
import { MAX_CHART_BYTES, type Resolve } from '../../src/helm/source-request.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { sha256 } from '../../src/lib/hash.ts';
import type { HelmEngine } from '../../src/helm/engine.ts';
import { createAuthority, issue } from '../../src/pki/certificate.ts';
import {
  LATE_KEY,
  RSA_KEY,
  SIGNED,
  SIGNED_BY_RSA,
  SIGNED_LATE,
  SIGNED_OLD,
  SIGNER_KEY,
  STRANGER_KEY,
} from '../fixtures/provenance.ts';
import { startEngine } from './helm-engine.ts';

const CHART = Buffer.from('not really a chart, but bytes');
const DAY = { notBefore: systemClock.now() - 60_000, days: 1 };
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const cosignKey = publicKey.export({ type: 'spki', format: 'pem' }).toString();

type Page = Buffer | ((response: ServerResponse) => void);

/** What the one server has: an archive, a Helm repository, a registry; all of the same chart. */
const CHART_LAYER = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
const MANIFEST = Buffer.from(
  JSON.stringify({ layers: [{ mediaType: CHART_LAYER, digest: `sha256:${sha256(CHART)}` }] }),
);
const BLOB = `/v2/charts/shop/blobs/sha256:${sha256(CHART)}`;
const PAGES: Readonly<Record<string, Page>> = {
  '/shop.tgz': CHART,
  '/shop.tgz.sig': Buffer.from(sign('sha256', CHART, privateKey).toString('base64')),
  '/repo/index.yaml': Buffer.from(
    `entries:\n  shop:\n  - version: 1.2.3\n    digest: ${sha256(CHART)}\n    urls: [shop.tgz]\n`,
  ),
  '/repo/shop.tgz': CHART,
  '/v2/charts/shop/manifests/1.2.3': MANIFEST,
  [BLOB]: CHART,
};

let server: Server;
let engine: HelmEngine;
let port = 0;
let caBundle = '';
let pages: Record<string, Page> = {};
const seen: { path: string; authorization: string | undefined }[] = [];

beforeAll(async () => {
  engine = await startEngine();
  const authority = await createAuthority({ commonName: 'test', ...DAY });
  const names = { commonName: 'charts', dnsNames: ['charts.test', 'other.test'] };
  const leaf = await issue(authority, { ...names, usages: ['server'], ...DAY });
  caBundle = authority.cert;
  server = createServer({ key: leaf.key, cert: leaf.cert }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo); // True of a server that listens on a port.
}, 600_000);
afterAll(async () => {
  await engine.close();
  server.closeAllConnections();
  server.close();
});

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? '';
  seen.push({ path: `${request.headers.host}${path}`, authorization: request.headers.authorization });
  const page = pages[path] ?? PAGES[path];
  if (page === undefined) response.writeHead(404).end();
  else if (typeof page === 'function') page(response);
  else response.end(page);
}

const toLoopback: Resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
const PRIVATE_ALLOWED: ChartSourceSettings = { allowHttp: false, allowPrivateHosts: true };
const credentials = { username: 'jo', password: 'secret' };

/** The three kinds of sources, and the page from which the archive itself comes. */
const SOURCES: readonly (readonly [
  string,
  (origin: string) => Pick<ChartDownload, 'url' | 'oci' | 'entry'>,
  string,
])[] = [
  ['an address', (origin) => ({ url: new URL('/shop.tgz', origin) }), '/shop.tgz'],
  [
    'a Helm repository',
    (origin) => ({ url: new URL('/repo', origin), entry: { name: 'shop', version: '1.2.3' } }),
    '/repo/shop.tgz',
  ],
  [
    'a registry',
    (origin) => ({
      url: new URL(origin),
      oci: { host: new URL(origin).host, repository: 'charts/shop', tag: '1.2.3', digest: undefined },
    }),
    BLOB,
  ],
];

async function outcome(
  source: (typeof SOURCES)[number][1],
  more: Partial<ChartDownload> = {},
  settings: ChartSourceSettings = PRIVATE_ALLOWED,
  origin = `https://charts.test:${port}`,
): Promise<string> {
  const deps = { clock: systemClock, resolve: toLoopback, verify: engine.verify };
  const fetch = createChartFetcher(settings, deps);
  seen.length = 0;
  try {
    return Buffer.from(await fetch({ ...source(origin), caBundle, timeoutMs: 10_000, ...more })).toString();
  } catch (error) {
    if (error instanceof ChartSourceError)
      return `${error.code}${more.keyring === undefined ? '' : `: ${error.message}`}`;
    throw error;
  }
}

const to =
  (location: string): Page =>
  (response) =>
    void response.writeHead(302, { location }).end();

describe.each(SOURCES)('a chart from %s', (_name, source, archive) => {
  it('comes whole, and as the digest says', async () => {
    pages = {};

    expect(await outcome(source, { digest: sha256(CHART) })).toBe(CHART.toString());
    expect(await outcome(source, { digest: '0'.repeat(64) })).toBe('DigestMismatch');
  });

  it.each<[string, Page, string]>([
    ['redirects to the metadata service', to('http://169.254.169.254/latest/meta-data'), 'UrlNotAllowed'],
    ['redirects to a file', to('file:///etc/passwd'), 'UrlNotAllowed'],
    [
      'says it is too large',
      (response) => void response.writeHead(200, { 'content-length': MAX_CHART_BYTES + 1 }).end(),
      'ChartTooLarge',
    ],
    ['is forbidden', (response) => void response.writeHead(403).end(), 'ChartForbidden'],
    [
      'breaks off',
      (response) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write('x', () => response.destroy());
      },
      'ChartTruncated',
    ],
  ])('that %s is refused', async (_what, page, code) => {
    pages = { [archive]: page };

    expect(await outcome(source)).toBe(code);
  });

  it('is not fetched from an address of this network, nor without encryption', async () => {
    pages = {};
    const strict: ChartSourceSettings = { allowHttp: false, allowPrivateHosts: false };

    expect(await outcome(source, {}, strict)).toBe('HostNotAllowed');
    expect(await outcome(source, {}, strict, 'https://10.0.0.1')).toBe('HostNotAllowed');
    expect(await outcome(source, {}, PRIVATE_ALLOWED, 'http://charts.test')).toBe('UrlNotAllowed');
    expect(seen).toEqual([]);
  });

  it('is asked for with credentials at its own server and at no other', async () => {
    const wantsThem: Page = (response) =>
      void response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
    pages = { [archive]: to(`https://other.test:${port}/moved.tgz`), '/moved.tgz': CHART };
    if (archive === BLOB)
      pages['/v2/charts/shop/manifests/1.2.3'] = (response) => {
        // A registry says so before it is shown any.
        if (seen.at(-1)?.authorization === undefined) wantsThem(response);
        else response.end(MANIFEST);
      };

    expect(await outcome(source, { credentials })).toBe(CHART.toString());
    const [last] = seen.slice(-1);
    expect(last).toEqual({ path: `other.test:${port}/moved.tgz`, authorization: undefined });
    expect(seen.slice(0, -1).some(({ authorization }) => authorization?.startsWith('Basic '))).toBe(true);
  });
});

describe('the index of a repository', () => {
  const [, [, repository]] = SOURCES as [(typeof SOURCES)[number], (typeof SOURCES)[number], ...unknown[]];
  const index = (url: string, digest = ''): Record<string, Page> => ({
    '/repo/index.yaml': Buffer.from(
      `entries:\n  shop:\n  - version: 1.2.3\n    digest: ${digest}\n    urls: ['${url}']\n`,
    ),
  });

  it.each([
    ['the metadata service', 'http://169.254.169.254/latest', 'UrlNotAllowed'],
    ['a file', 'file:///etc/passwd', 'UrlNotAllowed'],
    ['what is not there', 'none.tgz', 'ChartNotFound'],
  ])('leads not to %s', async (_what, url, code) => {
    pages = index(url);

    expect(await outcome(repository)).toBe(code);
  });

  it('is held to the digest that it says', async () => {
    pages = index('shop.tgz', 'b'.repeat(64));

    expect(await outcome(repository)).toBe('DigestMismatch');
  });
});

describe('an archive with a signature beside it', () => {
  const [[, address]] = SOURCES as [(typeof SOURCES)[number], ...unknown[]];

  it.each<[string, Record<string, Page>, string]>([
    ['of the key', {}, CHART.toString()],
    ['of another archive', { '/shop.tgz': Buffer.from('changed') }, 'BadSignature'],
    ['that is none', { '/shop.tgz.sig': Buffer.from('AAAA') }, 'BadSignature'],
    ['that is not there', { '/shop.tgz.sig': (response) => void response.writeHead(404).end() }, 'NotSigned'],
  ])('%s', async (_what, changed, expected) => {
    pages = changed;

    expect(await outcome(address, { cosignKey })).toBe(expected);
  });
});

describe.each(SOURCES)('a chart with a provenance file from %s', (_name, source, archive) => {
  const keyring = Buffer.from(SIGNER_KEY);
  /** The archive and the file beside it, or in a registry the two layers. */
  const published = (prov: string | undefined, bytes = CHART): Record<string, Page> => {
    const file = prov === undefined ? {} : { [`${archive}.prov`]: Buffer.from(prov) };
    if (archive !== BLOB) return { '/shop-1.2.3.tgz': bytes, [archive]: bytes, ...file };
    const provLayer = 'application/vnd.cncf.helm.chart.provenance.v1.prov';
    const layers = [
      { mediaType: CHART_LAYER, digest: `sha256:${sha256(bytes)}` },
      ...(prov === undefined ? [] : [{ mediaType: provLayer, digest: `sha256:${sha256(prov)}` }]),
    ];
    const manifest = Buffer.from(JSON.stringify({ layers }));
    return {
      '/v2/charts/shop/manifests/1.2.3': manifest,
      [`/v2/charts/shop/blobs/sha256:${sha256(bytes)}`]: bytes,
      ...(prov === undefined ? {} : { [`/v2/charts/shop/blobs/sha256:${sha256(prov)}`]: Buffer.from(prov) }),
    };
  };
  /** An address says the name of the file; shop.tgz was not signed. */
  const from: typeof source = (origin) => {
    const given = source(origin);
    return archive === '/shop.tgz' ? { url: new URL('/shop-1.2.3.tgz', origin) } : given;
  };
  const withProvenance = (
    prov: string | undefined,
    more: Partial<ChartDownload> = {},
    bytes = CHART,
  ): Promise<string> => {
    pages = published(prov, bytes);
    if (archive === '/shop.tgz' && prov !== undefined) pages['/shop-1.2.3.tgz.prov'] = Buffer.from(prov);
    if (archive === '/repo/shop.tgz')
      // What the index promises of the bytes is not what is tried here.
      pages['/repo/index.yaml'] = Buffer.from(
        'entries:\n  shop:\n  - version: 1.2.3\n    urls: [shop.tgz]\n',
      );
    return outcome(from, { keyring, ...more });
  };

  it('comes where a key of the keyring signed it', async () => {
    expect(await withProvenance(SIGNED)).toBe(CHART.toString());
    expect(await withProvenance(SIGNED_BY_RSA, { keyring: Buffer.from(RSA_KEY) })).toBe(CHART.toString());
  });

  it.each<[string, string | undefined, Partial<ChartDownload>, RegExp]>([
    [
      'no file',
      undefined,
      {},
      /^NotSigned: spec\.newResource\.chart\.keyringRef is set .*helm package --sign/,
    ],
    [
      'an unknown key',
      SIGNED,
      { keyring: Buffer.from(STRANGER_KEY) },
      /^BadSignature: spec\.newResource\.chart\.keyringRef: .*unknown entity; the signer's key is not in the keyring/,
    ],
    [
      'a key that is past its date',
      SIGNED_LATE,
      { keyring: Buffer.from(LATE_KEY) },
      /^BadSignature: .*expired; key or signature are past their date/,
    ],
    ['the file of an older version', SIGNED_OLD, {}, /^BadSignature: .*shop-1\.2\.3\.tgz.*another version/],
    ['a text that was changed', SIGNED.replace('name: shop', 'name: shop2'), {}, /^BadSignature: /],
    ['no signature at all', 'nothing', {}, /^BadSignature: .*signature block not found/],
    ['a keyring that is none', SIGNED, { keyring: Buffer.from('x') }, /^KeyringInvalid: .*gpg --export/],
    ['a keyring without keys', SIGNED, { keyring: Buffer.from('') }, /^KeyringInvalid: /],
  ])('is refused with %s', async (_what, prov, more, expected) => {
    expect(await withProvenance(prov, more)).toMatch(expected);
  });

  it('is refused where the archive is another one', async () => {
    expect(await withProvenance(SIGNED, {}, Buffer.from('changed'))).toMatch(
      /^BadSignature: .*sum does not match.*this one was changed/,
    );
  });
});
