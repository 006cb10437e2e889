import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../kube/object.ts';
import { decodeRelease, encodeRelease } from './release-secret.ts';
import type { ReleaseRecord } from './release.ts';

function record(more: Partial<ReleaseRecord> = {}): ReleaseRecord {
  return {
    name: 'one',
    namespace: 'place',
    version: 3,
    info: {
      firstDeployed: '2026-01-02T03:04:05Z',
      lastDeployed: '2026-01-03T03:04:05.123Z',
      description: 'Upgrade complete',
      status: 'deployed',
      notes: 'Hello',
    },
    chart: {
      metadata: { name: 'demo', version: '1.2.3', apiVersion: 'v2' },
      values: { a: 1 },
      schema: Buffer.from('{}'),
      templates: [{ name: 'templates/a.yaml', data: Buffer.from('a: {{ .Values.a }}') }],
      files: [{ name: 'README.md', data: Buffer.from('read') }],
    },
    config: { b: [true, null, 'x'] },
    manifest: '---\n# Source: demo/templates/a.yaml\na: 1\n',
    hooks: [
      {
        source: 'demo/templates/h.yaml',
        content: 'kind: Job',
        name: 'h',
        kind: 'Job',
        events: ['pre-install'],
        weight: -5,
        deletePolicies: ['hook-succeeded'],
        lastRun: {
          startedAt: '2026-01-02T03:04:05Z',
          completedAt: '2026-01-02T03:04:06Z',
          phase: 'Succeeded',
        },
      },
    ],
    applyMethod: 'ssa',
    ...more,
  };
}

/** The JSON inside a Secret. */
function inside(secret: { data: { release: string } }): Record<string, unknown> {
  const stored = Buffer.from(Buffer.from(secret.data.release, 'base64').toString('latin1'), 'base64');
  return JSON.parse(gunzipSync(stored).toString('utf8')) as Record<string, unknown>;
}

/** A Secret with any text where the release should be. */
function secretOf(stored: string): KubeObject & { data: Record<string, string> } {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'sh.helm.release.v1.one.v1', namespace: 'place' },
    data: { release: Buffer.from(stored).toString('base64') },
  };
}

/** Letters that do not pack: as many bytes as asked for, the same each time. */
function noise(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = 1;
  for (let index = 0; index < size; index++) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    bytes[index] = (state >> 16) & 0xff;
  }
  return bytes;
}

describe('encodeRelease', () => {
  it('gives the Secret the name, type and labels by which Helm finds it', () => {
    const secret = encodeRelease(record(), {
      createdAt: 1_700_000_000_999,
      labels: { team: 'a', owner: 'me' },
    });

    expect(secret).toMatchObject({
      kind: 'Secret',
      type: 'helm.sh/release.v1',
      metadata: {
        name: 'sh.helm.release.v1.one.v3',
        namespace: 'place',
        labels: {
          name: 'one',
          owner: 'helm',
          status: 'deployed',
          version: '3',
          createdAt: '1700000000',
          team: 'a',
        },
      },
    });
  });

  it('writes the field names of Helm', () => {
    expect(inside(encodeRelease(record()))).toMatchObject({
      name: 'one',
      info: { first_deployed: '2026-01-02T03:04:05Z', status: 'deployed', notes: 'Hello' },
      chart: { templates: [{ name: 'templates/a.yaml', data: 'YToge3sgLlZhbHVlcy5hIH19' }], lock: null },
      hooks: [
        {
          path: 'demo/templates/h.yaml',
          delete_policies: ['hook-succeeded'],
          last_run: { phase: 'Succeeded' },
        },
      ],
      apply_method: 'ssa',
    });
  });

  it('leaves the files of a large chart out, and nothing else', () => {
    const large = { ...record().chart, files: [{ name: 'big', data: noise(700_000) }] };

    const secret = encodeRelease(record({ chart: large }));

    expect(secret.data.release.length).toBeLessThan(10_000);
    expect(decodeRelease(secret)).toEqual(record({ chart: { ...large, templates: [], files: [] } }));
  });

  it('keeps the files of a chart that just fits', () => {
    const chart = { ...record().chart, files: [{ name: 'big', data: noise(380_000) }] };

    expect(decodeRelease(encodeRelease(record({ chart }))).chart.files[0]?.data.length).toBe(380_000);
  });

  it('refuses a release that no Secret holds', () => {
    const manifest = Buffer.from(noise(900_000)).toString('base64');

    expect(() => encodeRelease(record({ manifest }))).toThrow(
      expect.objectContaining({
        code: 'TooLarge',
        message: expect.stringContaining('release one revision 3'),
      }),
    );
  });
});

describe('decodeRelease', () => {
  it('gives back what was encoded, whatever the texts and values are', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.nat(),
        (text, values, n) => {
          // JSON has neither minus zero nor a key that sets the prototype.
          const config = JSON.parse(JSON.stringify(values)) as ReleaseRecord['config'];
          const original = record({ manifest: text, config, version: n + 1 });
          expect(decodeRelease(encodeRelease(original))).toEqual(original);
        },
      ),
    );
  });

  it('keeps a value whose name is special to JavaScript', () => {
    const config = JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}') as ReleaseRecord['config'];

    const decoded = decodeRelease(encodeRelease(record({ config })));

    expect(JSON.stringify(decoded.config)).toBe('{"__proto__":{"a":1},"constructor":2}');
  });

  it('reads what older Helm wrote: not packed, with nulls and without what came later', () => {
    const stored = {
      name: 'one',
      version: 1,
      info: { status: 'DEPLOYED?', first_deployed: '' },
      chart: { metadata: null, templates: null },
      hooks: null,
    };

    const release = decodeRelease(secretOf(Buffer.from(JSON.stringify(stored)).toString('base64')));

    expect(release).toMatchObject({
      name: 'one',
      namespace: 'place',
      info: { status: 'unknown' },
      chart: { files: [] },
      hooks: [],
      config: {},
    });
  });

  it.each([
    ['no release', ''],
    ['no base64', '%%%'],
    ['packed nonsense', gzipSync('nonsense').toString('base64')],
    ['a bomb', gzipSync(new Uint8Array(80 * 1_048_576)).toString('base64')],
    ['JSON of something else', Buffer.from('{"name":"x"}').toString('base64')],
  ])('says that it cannot read %s', (_name, stored) => {
    expect(() => decodeRelease(secretOf(stored))).toThrow(
      expect.objectContaining({
        code: 'Unreadable',
        message: expect.stringContaining('place/sh.helm.release.v1.one.v1'),
      }),
    );
  });
});
