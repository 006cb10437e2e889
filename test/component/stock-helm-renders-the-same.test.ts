import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { packChart } from '../../src/helm/archive.ts';
import { readChartFolder } from '../../src/helm/chart-folder.ts';
import type { HelmEngine } from '../../src/helm/engine.ts';
import type { Rendering, RenderRequest } from '../../src/helm/rendering.ts';
import type { Json } from '../../src/kube/object.ts';
import { sha256 } from '../../src/lib/hash.ts';
import { startEngine } from './helm-engine.ts';
import { canCompare, helm, withFolder } from './stock-helm.ts';

const CHARTS = fileURLToPath(new URL('../fixtures/charts', import.meta.url));

type Case = readonly [chart: string, what: string, values: Record<string, Json>, options?: readonly string[]];

const CASES: readonly Case[] = [
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
  ['kitchen', 'an upgrade', {}, ['--is-upgrade']],
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

async function digestOf(chart: string): Promise<string> {
  const { folder, files } = await readChartFolder(join(CHARTS, chart));
  const archive = packChart(folder, files);
  const digest = sha256(archive);
  await engine.load(digest, archive);
  return digest;
}

/** Documents as data; hooks are those with the annotation, in no order, since `helm template` prints them in another one. */
function normalised(texts: readonly string[]): { objects: unknown[]; hooks: string[] } {
  const documents = texts
    .flatMap((text) => parseAllDocuments(text, { version: '1.1' }))
    .map((document): unknown => document.toJS())
    .filter((document) => document !== null);
  const isHook = (document: unknown): boolean => JSON.stringify(document).includes('"helm.sh/hook"');
  return {
    objects: documents.filter((document) => !isHook(document)),
    hooks: documents
      .filter(isHook)
      .map((document) => JSON.stringify(document))
      .sort(),
  };
}

function ours(chart: string, values: Record<string, Json>, isUpgrade: boolean): Promise<Rendering | Error> {
  return digestOf(chart)
    .then((digest) => {
      const request: RenderRequest = {
        digest,
        release: { name: 'one', namespace: 'place', revision: 1, isUpgrade },
        values,
        capabilities: { kubeVersion: 'v1.37.0', apiVersions },
      };
      return engine.render(request);
    })
    .catch((error: Error) => error);
}

/** The default API versions that are compiled into the stock helm: ours come from a cluster. */
async function stockApiVersions(): Promise<string[]> {
  return withFolder(async (folder) => {
    const packed = packChart(
      'ask',
      new Map([
        ['Chart.yaml', 'apiVersion: v2\nname: ask\nversion: 0.1.0\n'],
        ['templates/a.yaml', 'kind: Answer\nversions: {{ .Capabilities.APIVersions | toJson }}\n'],
      ]),
    );
    await writeFile(join(folder, 'ask.tgz'), packed);
    const outcome = await helm(['template', 'one', join(folder, 'ask.tgz')]);
    // The template above writes nothing else.
    const [answer] = normalised([outcome.stdout]).objects as { versions: string[] }[];
    return answer?.versions ?? [];
  });
}

describe.skipIf(!canCompare)('our rendering and that of the stock helm', { timeout: 180_000 }, () => {
  beforeAll(async () => {
    engine = await startEngine();
    apiVersions = await stockApiVersions();
    expect(apiVersions).toContain('apps/v1');
  }, 180_000);
  afterAll(() => engine?.close());

  it.each(CASES.map(([chart, what, values, options = []]) => ({ chart, what, values, options })))(
    'agree on $chart: $what',
    async ({ chart, values, options }) => {
      const theirs = await withFolder(async (folder) => {
        const file = join(folder, 'values.yaml');
        // Escaped, since YAML folds line breaks of Unicode that JSON takes as they are.
        const escape = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
        await writeFile(file, JSON.stringify(values).replaceAll(/[\u0080-\u2fff]/g, escape));
        return helm([
          'template',
          'one',
          join(CHARTS, chart),
          '--namespace',
          'place',
          '--values',
          file,
          ...options,
        ]);
      });

      const rendering = await ours(chart, values, options.includes('--is-upgrade'));

      if (!theirs.ok) {
        expect(rendering, `helm failed: ${theirs.stderr}`).toBeInstanceOf(Error);
        return;
      }
      if (rendering instanceof Error) throw rendering;
      const { objects } = normalised(rendering.manifests.map(({ content }) => content));
      const { hooks } = normalised(rendering.hooks.map(({ content }) => content));
      expect({ objects, hooks }).toEqual(normalised([theirs.stdout]));
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

    const rendering = await ours('kitchen', {}, false);

    if (rendering instanceof Error) throw rendering;
    expect(rendering.notes).toBe(release.info.notes);
    expect(release.manifest).toContain(rendering.manifests.at(-1)?.content);
    // Go leaves a zero out.
    const hook = ({ name, weight = 0 }: { name: string; weight?: number }): string => `${weight} ${name}`;
    expect(rendering.hooks.map(hook).sort()).toEqual(release.hooks.map(hook).sort());
  });
});
