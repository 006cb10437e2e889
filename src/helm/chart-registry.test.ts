import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../lib/hash.ts';
import { getFromRegistry } from './chart-registry.ts';
import { ChartSourceError } from './chart-source-error.ts';
import type { ChartDownload } from './chart-source.ts';
import type { GetPage, SourceCredentials } from './source-request.ts';
import type { OciReference } from './chart-url.ts';

const CHART = Buffer.from('a chart, in bytes');
const CHART_TYPE = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
const SIGNED_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json';
const BASE = 'https://r.test:5000/v2/charts/shop/';
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ed25519');
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();

const manifestOf = (...layers: object[]): Buffer =>
  Buffer.from(JSON.stringify({ schemaVersion: 2, config: {}, layers }));
const layer = (bytes: Buffer, mediaType = CHART_TYPE, annotations = {}): object => ({
  mediaType,
  digest: `sha256:${sha256(bytes)}`,
  size: bytes.length,
  annotations,
});
const MANIFEST = manifestOf(layer(CHART));
const PAGES: Readonly<Record<string, Buffer>> = {
  [`${BASE}manifests/1.2.3`]: MANIFEST,
  [`${BASE}manifests/sha256:${sha256(MANIFEST)}`]: MANIFEST,
  [`${BASE}blobs/sha256:${sha256(CHART)}`]: CHART,
};

/** What cosign leaves beside a chart: these keys' signatures over what names this manifest. */
function signatures(signed: Buffer, ...keys: (typeof privateKey)[]): Record<string, Buffer> {
  const image = { 'docker-manifest-digest': `sha256:${sha256(signed)}` };
  const payload = Buffer.from(JSON.stringify({ critical: { image } }));
  const layers = keys.map((key) => {
    const signature = sign(key === privateKey ? 'sha256' : null, payload, key).toString('base64');
    return layer(payload, SIGNED_TYPE, { 'dev.cosignproject.cosign/signature': signature });
  });
  return {
    [`${BASE}manifests/sha256-${sha256(MANIFEST)}.sig`]: manifestOf(...layers),
    [`${BASE}blobs/sha256:${sha256(payload)}`]: payload,
  };
}

interface Asked {
  readonly url: string;
  readonly shown: SourceCredentials | undefined;
}

/** A registry of these pages; with a challenge it wants what `opens` accepts. */
function registry(
  pages: Readonly<Record<string, Buffer>>,
  challenge?: { header: string; opens: (shown: SourceCredentials) => boolean },
): { get: GetPage; asked: Asked[] } {
  const asked: Asked[] = [];
  const get: GetPage = async ({ url, credentials, challenged }) => {
    asked.push({ url: url.href, shown: credentials });
    const isOpen = challenge === undefined || !url.href.startsWith(BASE);
    if (!isOpen && (credentials === undefined || !challenge.opens(credentials))) {
      challenged?.(challenge.header);
      throw new ChartSourceError('ChartForbidden', '401');
    }
    const page = pages[url.href];
    if (page === undefined) throw new ChartSourceError('ChartNotFound', `no ${url.href}`);
    return page;
  };
  return { get, asked };
}

const REFERENCE: OciReference = {
  host: 'r.test:5000',
  repository: 'charts/shop',
  tag: '1.2.3',
  digest: undefined,
};
const DOWNLOAD: ChartDownload = { url: new URL('https://r.test:5000/'), timeoutMs: 1000 };

async function outcome(
  pages: Readonly<Record<string, Buffer>>,
  download: Partial<ChartDownload> = {},
  reference: Partial<OciReference> = {},
): Promise<string> {
  const { get } = registry(pages);
  try {
    const { bytes } = await getFromRegistry(
      { ...DOWNLOAD, ...download },
      { ...REFERENCE, ...reference },
      get,
    );
    return Buffer.from(bytes).toString();
  } catch (error) {
    if (error instanceof ChartSourceError) return error.code;
    throw error;
  }
}

describe('a chart in a registry', () => {
  it('is its one layer, by tag or by digest', async () => {
    const digest = sha256(MANIFEST);

    expect(await outcome(PAGES)).toBe(CHART.toString());
    expect(await outcome(PAGES, {}, { tag: undefined, digest })).toBe(CHART.toString());
  });

  it.each<[string, Record<string, Buffer>, Partial<OciReference>, string]>([
    [
      'another manifest than its digest says',
      { [`${BASE}manifests/sha256:${'a'.repeat(64)}`]: MANIFEST },
      { tag: undefined, digest: 'a'.repeat(64) },
      'DigestMismatch',
    ],
    [
      'another blob than the manifest says',
      { [`${BASE}blobs/sha256:${sha256(CHART)}`]: Buffer.from('evil') },
      {},
      'DigestMismatch',
    ],
    [
      'an image',
      { [`${BASE}manifests/1.2.3`]: manifestOf(layer(CHART, 'application/vnd.oci.image.layer.v1.tar+gzip')) },
      {},
      'ChartInvalid',
    ],
    [
      'two charts',
      { [`${BASE}manifests/1.2.3`]: manifestOf(layer(CHART), layer(CHART)) },
      {},
      'ChartInvalid',
    ],
    [
      'a layer whose name is a path',
      { [`${BASE}manifests/1.2.3`]: manifestOf({ mediaType: CHART_TYPE, digest: 'sha256:../../x' }) },
      {},
      'ChartInvalid',
    ],
    ['a page of a web server', { [`${BASE}manifests/1.2.3`]: Buffer.from('<html>') }, {}, 'ChartInvalid'],
    ['nothing by that tag', {}, { tag: '9' }, 'ChartNotFound'],
  ])('is refused where the registry has %s', async (_what, pages, reference, code) => {
    expect(await outcome({ ...PAGES, ...pages }, {}, reference)).toBe(code);
  });
});

describe('credentials of a registry', () => {
  const credentials = { username: 'jo', password: 'secret' };
  const bearer = (realm: string): string => `Bearer realm="${realm}",service="r",scope="repository:all:*"`;
  const TOKEN = Buffer.from('{"token":"t1"}');
  const query = '?service=r&scope=repository%3Acharts%2Fshop%3Apull';

  async function ask(
    header: string,
    pages: Readonly<Record<string, Buffer>>,
    download: Partial<ChartDownload> = {},
  ) {
    const { get, asked } = registry(
      { ...PAGES, ...pages },
      { header, opens: (shown) => ('token' in shown ? shown.token === 't1' : shown.password === 'secret') },
    );
    const got = await getFromRegistry({ ...DOWNLOAD, credentials, ...download }, REFERENCE, get).catch(
      () => undefined,
    );
    return { asked, bytes: got?.bytes };
  }

  it('are shown to its token server, which is asked for reading this chart and nothing more', async () => {
    const { asked, bytes } = await ask(bearer('https://auth.r.test/token'), {
      [`https://auth.r.test/token${query}`]: TOKEN,
    });

    expect(bytes).toEqual(CHART);
    expect(asked.map(({ url, shown }) => [new URL(url).host, shown])).toEqual([
      ['r.test:5000', undefined],
      ['auth.r.test', credentials],
      ['r.test:5000', { token: 't1' }],
      ['r.test:5000', { token: 't1' }],
    ]);
  });

  it.each([
    ['of another domain', 'https://evil.example/token'],
    ['without encryption', 'http://auth.r.test/token'],
  ])('are shown to no token server %s', async (_what, realm) => {
    const { asked } = await ask(bearer(realm), { [`${realm}${query}`]: TOKEN });

    expect(asked.filter(({ url }) => !url.startsWith(BASE)).map(({ shown }) => shown)).toEqual([undefined]);
  });

  it('are shown to no number that ends like the registry’s own', async () => {
    const shown: unknown[] = [];
    const get: GetPage = ({ url, credentials: seen, challenged }) => {
      shown.push([url.host, seen]);
      challenged?.(bearer('https://203.0.2.3/token'));
      return Promise.reject(new ChartSourceError('ChartForbidden', '401'));
    };
    const download = { ...DOWNLOAD, url: new URL('https://198.51.2.3/'), credentials };

    await getFromRegistry(download, REFERENCE, get).catch(() => undefined);

    expect(shown).toEqual([
      ['198.51.2.3', undefined],
      ['203.0.2.3', undefined],
    ]);
  });

  it('are user and password where it asks for these, and a token at once where one is given', async () => {
    expect((await ask('Basic realm="r"', {})).bytes).toEqual(CHART);
    const given = await ask('Basic realm="r"', {}, { credentials: { token: 't1' } });
    expect([given.bytes, given.asked[0]?.shown]).toEqual([CHART, { token: 't1' }]);
  });

  it('that do not hold are the end, not a loop', async () => {
    const { asked, bytes } = await ask(
      'Basic realm="r"',
      {},
      { credentials: { username: 'jo', password: 'x' } },
    );

    expect([bytes, asked.length]).toEqual([undefined, 2]);
  });
});

describe('a signed chart in a registry', () => {
  const evil = manifestOf(layer(Buffer.from('evil')));

  it.each<[string, Record<string, Buffer>, string]>([
    ['signed by the key', signatures(MANIFEST, privateKey), CHART.toString()],
    ['signed by others and by the key', signatures(MANIFEST, other.privateKey, privateKey), CHART.toString()],
    ['signed by somebody else', signatures(MANIFEST, other.privateKey), 'BadSignature'],
    ['not signed', {}, 'NotSigned'],
    ['signed with what was signed for another chart', signatures(evil, privateKey), 'BadSignature'],
    ['signed with nothing in it', signatures(MANIFEST), 'BadSignature'],
  ])('%s', async (_what, pages, expected) => {
    expect(await outcome({ ...PAGES, ...pages }, { cosignKey: pem })).toBe(expected);
  });

  it('is not checked without a key, and never by a private one', async () => {
    const secret = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

    expect(await outcome({ ...PAGES, ...signatures(MANIFEST, other.privateKey) })).toBe(CHART.toString());
    expect(await outcome({ ...PAGES, ...signatures(MANIFEST, privateKey) }, { cosignKey: secret })).toBe(
      'BadSignature',
    );
  });
});
