import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HelmEngine } from '../../src/helm/engine.ts';
import type { Json } from '../../src/kube/object.ts';
import { compareRenderings } from '../charts/compare-renderings.ts';
import {
  caseOf,
  loadFolder,
  renderOurs,
  renderStock,
  stockApiVersions,
  type Case,
} from '../charts/render-both.ts';
import { startEngine } from './helm-engine.ts';
import { canCompare, helm } from './stock-helm.ts';

const CHARTS = fileURLToPath(new URL('../fixtures/charts', import.meta.url));

type Row = readonly [chart: string, what: string, values: Record<string, Json>, more?: Partial<Case>];

const CASES: readonly Row[] = [
  ['kitchen', 'defaults', {}],
  [
    'kitchen',
    'other values of every kind',
    {
      replicas: 0,
      bigNumber: 9007199254740991,
      float: -0.5,
      labels: null,
      ports: [],
      title: '{{ upper "x" }} {{ include "kitchen.fullname" . }}',
      deep: { list: [], map: { c: null, d: [1, { e: 'f' }] } },
    },
  ],
  [
    'kitchen',
    'text that YAML would take for something else',
    {
      deep: {
        map: {
          a: 'yes',
          b: '1e3',
          c: '0x10',
          d: '2024-01-01',
          e: '~',
          f: ' x ',
          g: 'a: b',
          h: '# no',
          i: '\t',
          j: '"',
        },
      },
      unicode: '😀 \u00a0',
      multiline: '\n\n  a\n',
    },
  ],
  ['kitchen', 'line breaks of Unicode', { unicode: '\u2028 \u0085' }],
  ['kitchen', 'a password that is computed slowly', { derive: true }],
  ['kitchen', 'without hooks', { job: false, never: true }],
  ['kitchen', 'an upgrade', {}, { isUpgrade: true }],
  ['kitchen', 'a missing password', { password: '' }],
  ['kitchen', 'a broken template in a value', { title: '{{ .Values.' }],
  ['kitchen', 'a chart’s default removed by null', { deep: null, affinity: null }],
  ['family', 'defaults', {}],
  ['family', 'a dependency switched off by its condition', { cache: { enabled: false } }],
  ['family', 'a tag switched off', { tags: { web: false } }],
  ['family', 'one tag of two', { tags: { web: false, internal: true } }],
  [
    'family',
    'globals and values for dependencies',
    { global: { domain: 'example.org', more: { a: 1 } }, back: { color: 'red', global: { domain: 'lost' } } },
  ],
  ['family', 'imported values overwritten', { imported: 'here', taken: { deep: { er: 'mine' } } }],
  ['guarded', 'defaults', {}],
  ['guarded', 'values that the schema refuses', { replicas: 9, mode: 'odd', host: 'UPPER' }],
  ['guarded', 'a value that another one requires', { mode: 'fancy' }],
  ['guarded', 'a value of the wrong type', { replicas: '3' }],
  ['guarded', 'what the template refuses', { mode: 'forbidden' }],
  ['guarded', 'an index that is not there', { list: [] }],
  ['broken', 'defaults', {}],
  ['broken', 'output that is no YAML', { data: 'a: b: c' }],
  ['broken', 'output that is fine', { data: 'a: b' }],
];

let engine: HelmEngine;
let apiVersions: readonly string[];

describe.skipIf(!canCompare)('our rendering and that of the stock helm', { timeout: 180_000 }, () => {
  beforeAll(async () => {
    engine = await startEngine();
    apiVersions = await stockApiVersions();
    expect(apiVersions).toContain('apps/v1');
  }, 180_000);
  afterAll(() => engine?.close());

  it.each(CASES.map(([chart, what, values, more = {}]) => ({ chart, what, values, more })))(
    'agree on $chart: $what',
    async ({ chart, values, more }) => {
      const folder = join(CHARTS, chart);
      const asked = caseOf(values, more);
      const { digest } = await loadFolder(engine, folder);

      const [ours, theirs] = await Promise.all([
        renderOurs(engine, digest, asked, apiVersions),
        renderStock(folder, asked),
      ]);

      const { outcome, difference } = compareRenderings(ours, theirs);
      expect(difference).toBe('');
      expect(outcome).toBe(theirs.ok ? 'same' : 'both fail');
    },
  );

  it('agree on notes, manifests and hooks of an installation, letter by letter', async () => {
    const outcome = await helm([
      'install',
      'one',
      join(CHARTS, 'kitchen'),
      '--namespace',
      'place',
      '--dry-run=client',
      '--output',
      'json',
    ]);
    // The JSON of a release, of which these fields are always there.
    const release = JSON.parse(outcome.stdout) as {
      info: { notes: string };
      manifest: string;
      hooks: { name: string; weight?: number }[];
    };

    const { digest } = await loadFolder(engine, join(CHARTS, 'kitchen'));
    const rendering = await renderOurs(engine, digest, caseOf({}), apiVersions);

    if (rendering instanceof Error) throw rendering;
    expect(rendering.notes).toBe(release.info.notes);
    expect(release.manifest).toContain(rendering.manifests.at(-1)?.content);
    // Go leaves a zero out.
    const hook = ({ name, weight = 0 }: { name: string; weight?: number }): string => `${weight} ${name}`;
    expect(rendering.hooks.map(hook).sort()).toEqual(release.hooks.map(hook).sort());
  });
});
