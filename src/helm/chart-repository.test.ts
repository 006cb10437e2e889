import { describe, expect, it } from 'vitest';
import { findInRepository, versionsOf, type RepositoryEntry } from './chart-repository.ts';
import { ChartSourceError } from './chart-source-error.ts';
import type { ChartDownload } from './chart-source.ts';

const DIGEST = 'a'.repeat(64);
const INDEX = `apiVersion: v1
entries:
  shop-extras:
  - name: shop-extras
    version: 1.2.3
    urls: [https://evil.example/x.tgz]
  # by hand
  shop:
  - annotations:
      shop: "1"
    description: |
      Text that looks like
        shop:
        - version: 1.2.3
    digest: ${DIGEST}
    name: shop
    urls:
    - charts/shop-1.2.3.tgz
    version: 1.2.3
  - name: shop
    urls:
    - https://cdn.test/shop-1.3.0.tgz
    version: 1.3.0
  zebra:
  - version: 1.2.3
generated: "2026-01-01T00:00:00Z"
`;
const credentials = { username: 'jo', password: 'secret' };
const DOWNLOAD: ChartDownload = { url: new URL('https://r.test/stable'), credentials, timeoutMs: 1000 };

async function find(entry: RepositoryEntry, index = INDEX, download = DOWNLOAD) {
  const asked: unknown[] = [];
  const found = await findInRepository(download, entry, (request) => {
    asked.push([request.url.href, request.credentials]);
    return Promise.resolve(Buffer.from(index));
  });
  return { asked, url: found.request.url.href, shown: found.request.credentials, digest: found.digest };
}

describe('a chart of a Helm repository', () => {
  it('is where the index says, with the digest that it says', async () => {
    expect(await find({ name: 'shop', version: '1.2.3' })).toEqual({
      asked: [['https://r.test/stable/index.yaml', credentials]],
      url: 'https://r.test/stable/charts/shop-1.2.3.tgz',
      shown: credentials,
      digest: DIGEST,
    });
  });

  it('on another server is fetched without the repository’s credentials', async () => {
    expect(await find({ name: 'shop', version: '1.3.0' })).toMatchObject({
      url: 'https://cdn.test/shop-1.3.0.tgz',
      shown: undefined,
      digest: undefined,
    });
  });

  it('is found in an index of JSON, too', async () => {
    const index = JSON.stringify({ entries: { shop: [{ version: '1.0.0', urls: ['a.tgz'] }] } });

    expect(await find({ name: 'shop', version: '1.0.0' }, index)).toMatchObject({
      url: 'https://r.test/stable/a.tgz',
    });
  });

  it.each<[string, RepositoryEntry, string, RegExp]>([
    ['a chart', { name: 'none', version: '1.2.3' }, INDEX, /has no chart none; correct chartName/],
    ['a version', { name: 'shop', version: '9.0.0' }, INDEX, /no version 9.0.0 of shop, but 1.2.3, 1.3.0/],
    ['an address', { name: 'zebra', version: '1.2.3' }, INDEX, /names no address/],
    ['an index', { name: 'shop', version: '1.2.3' }, '<html>', /has no chart shop/],
    [
      'a name that every object has',
      { name: 'constructor', version: '1' },
      '{"entries":{}}',
      /has no chart constructor/,
    ],
    [
      'an index that can be read',
      { name: 'shop', version: '1' },
      'entries:\n  shop:\n  - [',
      /can not be read/,
    ],
  ])('that does not have %s is refused with what to correct', async (_what, entry, index, message) => {
    const failure = await find(entry, index).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(ChartSourceError);
    expect(String(failure)).toMatch(message);
  });

  it('is found soon in an index of thirty megabytes, of which it alone is parsed', () => {
    const others = Array.from(
      { length: 300_000 },
      (_, index) =>
        `  chart-${index}:\n  - version: 1.0.0\n    urls: [https://x.test/chart-${index}-1.0.0.tgz]\n`,
    ).join('');
    const begin = performance.now();

    const found = versionsOf(`entries:\n${others}  shop:\n  - version: 1.2.3\n`, 'shop');

    expect(found).toEqual([{ version: '1.2.3' }]);
    expect(performance.now() - begin).toBeLessThan(3000);
  });
});
