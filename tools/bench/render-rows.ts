import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { packChart } from '../../src/helm/archive.ts';
import { readChartFolder } from '../../src/helm/chart-folder.ts';
import { createEngine, type HelmEngine } from '../../src/helm/engine.ts';
import { objectsOfManifest } from '../../src/helm/read-ahead.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { sha256 } from '../../src/lib/hash.ts';
import type { ChartFiles } from './bench-service.ts';
import { withChartFolder } from './helm-installs.ts';
import { commandCpuMs, root, toolPath } from './programs.ts';
import type { Row } from './row.ts';

/** What is counted of one chart. */
interface Rendered {
  readonly what: string;
  readonly folder: string;
  readonly floor: number;
  /** Renderings of ours, runs of helm. */
  readonly count: number;
  readonly runs: number;
}

/** CPU of one rendering, read into objects, in this process against the CPU of `helm template` of the same chart. */
export async function renderRows(runs: number): Promise<readonly Row[]> {
  const small: Rendered = {
    what: '7 objects',
    folder: join(root, 'examples/multitenancy/wordpress/chart'),
    floor: 0.3,
    count: 10 * runs,
    runs,
  };
  return [
    await renderRow(small),
    await withChartFolder(manyObjects(), (folder) =>
      renderRow({ what: '600 objects', folder, floor: 2, count: runs, runs: Math.ceil(runs / 3) }),
    ),
  ];
}

/** A large chart: 60 files that make ten Deployments each, with what charts commonly do. */
function manyObjects(): ChartFiles {
  const template = `{{- range $i := until 10 }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "many.name" $ }}-FILE-{{ $i }}
  labels: {{- include "many.labels" $ | nindent 4 }}
spec:
  replicas: {{ $.Values.replicas | default 1 }}
  selector:
    matchLabels: {app: "FILE-{{ $i }}"}
  template:
    metadata:
      labels: {app: "FILE-{{ $i }}"}
    spec:
      containers:
        - name: main
          image: "{{ $.Values.image.repository }}:{{ $.Values.image.tag }}"
          resources: {{- toYaml $.Values.resources | nindent 12 }}
{{- end }}
`;
  const files = Array.from({ length: 60 }, (_, index) => [
    `templates/file${index}.yaml`,
    template.replaceAll('FILE', `f${index}`),
  ]);
  return {
    'Chart.yaml': 'apiVersion: v2\nname: many\nversion: 0.1.0\n',
    'values.yaml':
      'replicas: 1\nimage:\n  repository: registry.invalid/web\n  tag: "1"\nresources:\n  limits: {cpu: 100m, memory: 64Mi}\n',
    'templates/_helpers.tpl':
      '{{- define "many.name" -}}{{ .Release.Name | trunc 20 }}{{- end }}\n{{- define "many.labels" -}}\nrelease: {{ .Release.Name | quote }}\nchart: {{ .Chart.Name | quote }}\n{{- end }}\n',
    ...Object.fromEntries(files),
  };
}

async function renderRow({ what, folder, floor, count, runs }: Rendered): Promise<Row> {
  const chart = await readChartFolder(folder);
  const archive = packChart(chart.folder, chart.files);
  const engine = createEngine({
    wasm: readFileSync(join(root, 'dist/helm-engine.wasm')),
    workerUrl: pathToFileURL(join(root, 'dist/helm-worker.mjs')),
    clock: systemClock,
    maxWorkers: 1,
  });
  try {
    const digest = sha256(archive);
    await engine.load(digest, archive);
    const ours = await renderingCpuMs(engine, digest, count);
    const helm = commandCpuMs(toolPath('helm'), ['template', 'bench', folder], runs);
    return {
      what: `rendering, CPU ÷ helm template’s, ${what}`,
      value: ours / helm,
      unit: '×',
      baseline: `ours ${ours.toFixed(1)} ms, helm ${helm.toFixed(0)} ms`,
      floor,
      good: 'below',
      binding: false,
      method: `${count} renderings with values that differ, as many before to warm up; helm: mean CPU of ${runs} runs`,
    };
  } finally {
    await engine.close();
  }
}

/** Warm, as an operator is: the first renderings pay for the machine code of the whole engine. */
async function renderingCpuMs(engine: HelmEngine, digest: string, count: number): Promise<number> {
  const render = async (revision: number): Promise<void> => {
    const { manifests, hooks } = await engine.render({
      digest,
      release: { name: 'bench', namespace: 'bench', revision, isUpgrade: false },
      values: { title: `run ${revision}` },
      capabilities: { kubeVersion: 'v1.37.1', apiVersions: ['v1', 'apps/v1'] },
    });
    // Reading belongs to it: the worker may have done it already.
    for (const manifest of [...manifests, ...hooks]) objectsOfManifest(manifest);
  };
  for (let revision = 1; revision <= count; revision++) await render(revision);
  const before = process.cpuUsage();
  for (let revision = count + 1; revision <= 2 * count; revision++) await render(revision);
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000 / count;
}
