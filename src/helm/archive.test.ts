import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { ARCHIVE_LIMITS, ArchiveError, openChart, packChart, type ArchiveErrorCode } from './archive.ts';
import { writeTar } from './tar.ts';

const CHART = 'apiVersion: v2\nname: demo\nversion: 1.0.0\n';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Packs paths as they are given, also such as `packChart` would never write. */
function pack(
  entries: readonly (readonly [string, string])[],
  change: (tar: Uint8Array) => void = () => undefined,
): Uint8Array {
  const tar = writeTar([...entries].map(([path, text]) => [path, bytes(text)] as const));
  change(tar);
  return gzipSync(tar);
}

/** Makes the first entry one of another type and puts its header's sum right. */
function typed(type: string): (tar: Uint8Array) => void {
  return (tar) => {
    tar[156] = type.charCodeAt(0);
    tar.fill(0x20, 148, 156);
    const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    tar.set(bytes(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
  };
}

async function refusal(archive: Uint8Array, limits = ARCHIVE_LIMITS): Promise<ArchiveError> {
  const caught: unknown = await openChart(archive, limits).catch((error: unknown) => error);
  if (!(caught instanceof ArchiveError)) throw new Error(`not refused: ${String(caught)}`);
  return caught;
}

const good: readonly (readonly [string, string])[] = [['demo/Chart.yaml', CHART]];
const bomb9 = (): string => {
  const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x]'];
  for (let n = 1; n < 9; n++)
    lines.push(
      `a${n}: &a${n} [${Array(9)
        .fill(`*a${n - 1}`)
        .join(',')}]`,
    );
  return lines.join('\n');
};

describe('openChart', () => {
  it('reads what packChart wrote, long names included', async () => {
    const files = new Map([
      ['Chart.yaml', CHART],
      [`templates/${'long/'.repeat(30)}x.yaml`, 'a: ü'],
    ]);

    const chart = await openChart(packChart('demo', files));

    expect(chart.folder).toBe('demo');
    expect([...chart.files].map(([path, data]) => [path, new TextDecoder().decode(data)])).toEqual([
      ...files,
    ]);
  });

  it('takes leading ./ and backslashes as other tools write them', async () => {
    const chart = await openChart(
      pack([
        ['./demo/Chart.yaml', CHART],
        ['demo\\templates\\a.yaml', 'a'],
      ]),
    );

    expect([...chart.files.keys()]).toEqual(['Chart.yaml', 'templates/a.yaml']);
  });

  it.each<[string, Uint8Array, ArchiveErrorCode]>([
    ['a web page', bytes('<html>'), 'NotAnArchive'],
    ['gzip of something else', gzipSync(bytes('hello'.repeat(200))), 'Damaged'],
    ['an archive that breaks off', pack(good).subarray(0, 60), 'Damaged'],
    ['an archive without a chart', pack([['demo/x', '']]), 'NotAChart'],
    ['a chart without a folder', pack([['Chart.yaml', CHART]]), 'NotAChart'],
    ['two charts', pack([...good, ['other/Chart.yaml', CHART]]), 'NotAChart'],
    ['an empty archive', pack([]), 'NotAChart'],
    ['a path that goes up', pack([...good, ['demo/../../etc/x', '']]), 'UnsafePath'],
    ['an absolute path', pack([['/demo/Chart.yaml', CHART]]), 'UnsafePath'],
    ['a path with a drive', pack([...good, ['demo/c:/x', '']]), 'UnsafePath'],
    ['a path going up with backslashes', pack([...good, ['demo\\..\\..\\x', '']]), 'UnsafePath'],
    ['a path with a control character', pack([...good, ['demo/a\nb', '']]), 'UnsafePath'],
    ['a path that is too long', pack([...good, [`demo/${'x'.repeat(600)}`, '']]), 'UnsafePath'],
    ['a symbolic link', pack([['demo/a', ''], ...good], typed('2')), 'NotAFile'],
    ['a hard link', pack([['demo/a', ''], ...good], typed('1')), 'NotAFile'],
    ['a character device', pack([['demo/a', ''], ...good], typed('3')), 'NotAFile'],
    ['a pipe', pack([['demo/a', ''], ...good], typed('6')), 'NotAFile'],
    ['an entry of a type unheard of', pack([['demo/a', ''], ...good], typed('S')), 'NotAFile'],
    ['a file that is there twice', pack([...good, ['demo/a', '1'], ['demo/a', '2']]), 'Duplicate'],
    ['names that differ by case only', pack([...good, ['demo/a', '1'], ['demo/A', '2']]), 'Duplicate'],
    ['aliases that multiply in values', pack([...good, ['demo/values.yaml', bomb9()]]), 'YamlBomb'],
    [
      'aliases that multiply in a subchart',
      pack([...good, ['demo/charts/s/values.yaml', bomb9()]]),
      'YamlBomb',
    ],
    [
      'a nested archive that is unsafe',
      packChart(
        'demo',
        new Map<string, string | Uint8Array>([
          ['Chart.yaml', CHART],
          [
            'charts/s.tgz',
            pack([
              ['s/Chart.yaml', CHART],
              ['s/../../x', ''],
            ]),
          ],
        ]),
      ),
      'UnsafePath',
    ],
  ])('refuses %s', async (_name, archive, code) => {
    expect((await refusal(archive)).code).toBe(code);
  });

  it('refuses more entries, bytes and packed bytes than the limits allow', async () => {
    const many = pack([...good, ...Array.from({ length: 11 }, (_, n) => [`demo/${n}`, ''] as const)]);
    const random = Array.from({ length: 40_000 }, (_, n) => String.fromCharCode(33 + ((n * 7919) % 90))).join(
      '',
    );

    expect((await refusal(many, { ...ARCHIVE_LIMITS, entries: 10 })).code).toBe('TooManyEntries');
    expect(
      (
        await refusal(pack([...good, ['demo/x', random]]), {
          ...ARCHIVE_LIMITS,
          entries: 10,
          unpacked: 20_000,
        })
      ).code,
    ).toBe('TooLarge');
    expect((await refusal(pack(good), { ...ARCHIVE_LIMITS, yaml: 10 })).message).toMatch(/^Chart\.yaml has/);
    expect((await refusal(pack(good), { ...ARCHIVE_LIMITS, packed: 50 })).code).toBe('TooLarge');
  });

  it('counts nested archives against the same limits', async () => {
    const inner = packChart(
      's',
      new Map([
        ['Chart.yaml', CHART],
        ['big', 'abcdefgh'.repeat(4000)],
      ]),
    );
    const outer = packChart(
      'demo',
      new Map<string, string | Uint8Array>([
        ['Chart.yaml', CHART],
        ['charts/a.tgz', inner],
        ['charts/b.tgz', inner],
      ]),
    );

    expect((await openChart(outer)).files.size).toBe(3);
    expect((await refusal(outer, { ...ARCHIVE_LIMITS, entries: 10, unpacked: 40_000 })).message).toMatch(
      /^charts\/b\.tgz: /,
    );
  });

  it('refuses a decompression bomb before it is unpacked', async () => {
    // A gigabyte of zeros, packed in one piece of 10 MiB a hundred times over: gzip members may follow each other.
    const member = gzipSync(new Uint8Array(10 * 1_048_576));
    const archive = new Uint8Array(member.length * 100);
    for (let n = 0; n < 100; n++) archive.set(member, n * member.length);
    const before = process.memoryUsage.rss();
    const started = performance.now();

    const error = await refusal(archive);

    expect(error.code).toBe('Bomb');
    expect(performance.now() - started).toBeLessThan(1000);
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1_048_576);
  });

  it('never answers anything but files or an ArchiveError, whatever the bytes are', async () => {
    const valid = writeTar([
      ['demo/Chart.yaml', bytes(CHART)],
      ['demo/values.yaml', bytes('a: 1')],
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 20 }),
        async (changes) => {
          const tar = valid.slice();
          for (const [at, byte] of changes) tar[at] = byte;
          const outcome: unknown = await openChart(gzipSync(tar)).catch((error: unknown) => error);
          expect(outcome instanceof Error ? outcome.name : 'files').toMatch(/^(ArchiveError|files)$/);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('packChart', () => {
  it('gives the same bytes for the same files in any order', () => {
    const one = packChart(
      'demo',
      new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
    );
    const two = packChart(
      'demo',
      new Map([
        ['b', '2'],
        ['a', '1'],
      ]),
    );

    expect(two).toEqual(one);
  });
});
