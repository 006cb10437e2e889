import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MODULE_CHARTS } from './module-charts.ts';

/** A chart that is rendered by our engine and by the stock helm, to be compared. */
export interface CorpusChart {
  readonly name: string;
  /** `ours`, or module and version. */
  readonly origin: string;
  readonly folder: () => Promise<string>;
  /**
   * Values that differ between any two renderings because a template asks for chance or for the time, as patterns of
   * `Kind:path.of.the.field`. A chart that is not named here must not use such functions.
   */
  readonly volatile: readonly RegExp[];
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const FIXTURES = join(root, 'test/fixtures/charts');

const VOLATILE: Readonly<Record<string, readonly RegExp[]>> = {
  chance: [/^Secret:(stringData|metadata\.annotations)\./],
  // A certificate of its own making, and with it new pods.
  'trust-manager': [/^Secret:data\./, /\.caBundle$/, /\.annotations\.rollme-due-to-helm-cert$/],
  wordpress: [/^Secret:data\./],
};

/** Our own charts that users install are charts like any other. */
const OTHERS: Readonly<Record<string, string>> = {
  'hello-world': 'examples/multitenancy/hello-world/chart',
  wordpress: 'examples/multitenancy/wordpress/chart',
  tenantry: 'deploy/chart',
};

function ours(name: string, folder: string): CorpusChart {
  return { name, origin: 'ours', folder: () => Promise.resolve(folder), volatile: VOLATILE[name] ?? [] };
}

/** Charts of modules first, then ours. */
export const CORPUS: readonly CorpusChart[] = [
  ...MODULE_CHARTS.map((chart) => ({ ...chart, volatile: VOLATILE[chart.name] ?? [] })),
  ...readdirSync(FIXTURES)
    .sort()
    .map((name) => ours(name, join(FIXTURES, name))),
  ...Object.entries(OTHERS).map(([name, folder]) => ours(name, join(root, folder))),
];
