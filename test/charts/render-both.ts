import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../../src/api/json-schema.ts';
import { packChart } from '../../src/helm/archive.ts';
import { readChartFolder } from '../../src/helm/chart-folder.ts';
import type { HelmEngine } from '../../src/helm/engine.ts';
import type { ChartInfo, Rendering } from '../../src/helm/rendering.ts';
import { parseYaml } from '../../src/kube/yaml.ts';
import { sha256 } from '../../src/lib/hash.ts';
import { helm, withFolder, type Outcome } from '../component/stock-helm.ts';

/** What both sides are asked for. */
export interface Case {
  readonly values: JsonObject;
  readonly isUpgrade: boolean;
  readonly kubeVersion: string;
  /** API versions beside those that are compiled into the stock helm. */
  readonly apiVersions: readonly string[];
}

/** What helm assumes where nothing is said: the version of the Kubernetes libraries in it. */
const USUAL_KUBE_VERSION = 'v1.37.0';

/** A case with everything but the values as `helm template` has it by itself. */
export function caseOf(values: JsonObject, more: Partial<Case> = {}): Case {
  return { values, isUpgrade: false, kubeVersion: USUAL_KUBE_VERSION, apiVersions: [], ...more };
}

/** Cases of drawn values in turn with surroundings that templates ask for; the first has the chart's own values only. */
export function casesOf(sets: readonly JsonObject[]): readonly Case[] {
  const kubeVersions = [USUAL_KUBE_VERSION, 'v1.28.3', 'v1.34.4+k3s1'];
  return [{}, ...sets.slice(1)].map((values, index) =>
    caseOf(values, {
      isUpgrade: index % 4 === 3,
      kubeVersion: kubeVersions[index % kubeVersions.length] ?? USUAL_KUBE_VERSION,
      apiVersions:
        index % 2 === 0
          ? []
          : [
              'monitoring.coreos.com/v1',
              'cert-manager.io/v1',
              'gateway.networking.k8s.io/v1',
              'autoscaling/v2',
            ],
    }),
  );
}

/** A chart as our engine has read it. */
export interface LoadedChart {
  readonly digest: string;
  readonly info: ChartInfo;
}

/** Packs and loads a chart as an upload of its folder would. */
export async function loadFolder(engine: HelmEngine, folder: string): Promise<LoadedChart> {
  const chart = await readChartFolder(folder);
  const archive = packChart(chart.folder, chart.files);
  const digest = sha256(archive);
  return { digest, info: await engine.load(digest, archive) };
}

/** Our rendering, or why there is none. */
export function renderOurs(
  engine: HelmEngine,
  digest: string,
  asked: Case,
  stockApiVersions: readonly string[],
): Promise<Rendering | Error> {
  const { values, isUpgrade, kubeVersion, apiVersions } = asked;
  return engine
    .render({
      digest,
      release: { name: 'one', namespace: 'place', revision: 1, isUpgrade },
      values,
      capabilities: { kubeVersion, apiVersions: [...stockApiVersions, ...apiVersions] },
    })
    .catch((error: Error) => error);
}

/** What `helm template` prints for the same. */
export function renderStock(folder: string, asked: Case): Promise<Outcome> {
  return withFolder(async (lent) => {
    const file = join(lent, 'values.yaml');
    // Escaped, since YAML folds line breaks of Unicode that JSON takes as they are.
    const escape = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
    await writeFile(file, JSON.stringify(asked.values).replaceAll(/[\u007f-\u2fff]/g, escape));
    const apis = asked.apiVersions.flatMap((version) => ['--api-versions', version]);
    const upgrade = asked.isUpgrade ? ['--is-upgrade'] : [];
    const place = ['--namespace', 'place', '--kube-version', asked.kubeVersion];
    return helm(['template', 'one', folder, ...place, '--values', file, ...apis, ...upgrade]);
  });
}

/** The default API versions that are compiled into the stock helm: ours come from a cluster. */
export function stockApiVersions(): Promise<readonly string[]> {
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
    return (parseYaml(outcome.stdout) as { versions: string[] }).versions;
  });
}
