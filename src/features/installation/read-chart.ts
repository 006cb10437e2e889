import { stat, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ArchiveError, openChart, packChart } from '../../helm/archive.ts';
import { readChartFolder } from '../../helm/chart-folder.ts';
import { IgnoreError } from '../../helm/helmignore.ts';
import { TarError } from '../../helm/tar.ts';
import { isJsonMap, type Json } from '../../kube/object.ts';
import { parseYaml, YamlError } from '../../kube/yaml.ts';
import { withRemedy } from '../../lib/with-remedy.ts';

/** A chart as it is uploaded. */
export interface ChartFile {
  /** File name under which compositions refer to it: `file:///<name>`. */
  readonly name: string;
  readonly archive: Uint8Array;
}

/**
 * Reads a chart from an archive (kept byte for byte) or from a folder (packed; named `<chart>-<version>.tgz` as `helm package` names
 * it). The archive is checked as the operator will check it. Fails with an Error that has a remedy.
 */
export async function readChart(path: string): Promise<ChartFile> {
  try {
    return await read(path);
  } catch (error) {
    if (!CHART_ERRORS.some((kind) => error instanceof kind) || !(error instanceof Error)) throw error;
    throw withRemedy(`${path}: ${error.message}`, 'Correct the chart and upload it again.', error);
  }
}

/** What is wrong with the chart and not with us. */
const CHART_ERRORS = [ArchiveError, TarError, IgnoreError, YamlError] as const;

async function read(path: string): Promise<ChartFile> {
  const found = await stat(path).catch((error: unknown) => {
    throw withRemedy(`${path} can't be read`, 'Name a chart archive (.tgz) or the folder of a chart.', error);
  });
  if (!found.isDirectory()) {
    const archive = await readFile(path);
    await openChart(archive);
    return { name: basename(path), archive };
  }
  const { files } = await readChartFolder(path);
  const { name, version } = chartIdentity(path, files.get('Chart.yaml'));
  const archive = packChart(name, files);
  await openChart(archive);
  return { name: `${name}-${version}.tgz`, archive };
}

function chartIdentity(path: string, chartYaml: Uint8Array | undefined): { name: string; version: string } {
  if (chartYaml === undefined)
    throw withRemedy(`${join(path, 'Chart.yaml')} is missing`, 'Name the folder that holds Chart.yaml.');
  const chart: Json = parseYaml(Buffer.from(chartYaml).toString());
  const { name, version } = isJsonMap(chart) ? chart : {};
  if (typeof name !== 'string' || typeof version !== 'string')
    throw withRemedy(`${join(path, 'Chart.yaml')} has no name or no version`, 'A chart needs both.');
  return { name, version };
}
