import type { Json } from '../kube/object.ts';
import type { ChartFiles } from './archive.ts';
import type { ChartInfo, Hook, Manifest } from './rendering.ts';

/** Helm's words for where a release stands. */
export type ReleaseStatus =
  | 'unknown'
  | 'deployed'
  | 'uninstalled'
  | 'superseded'
  | 'failed'
  | 'uninstalling'
  | 'pending-install'
  | 'pending-upgrade'
  | 'pending-rollback';

/** One revision of a release, as Helm 3 and 4 keep it. Times are RFC 3339. */
export interface ReleaseRecord {
  readonly name: string;
  readonly namespace: string;
  /** The revision: 1, 2, … */
  readonly version: number;
  readonly info: ReleaseInfo;
  readonly chart: ReleaseChart;
  /** The user's values, without the chart's defaults. */
  readonly config: Readonly<Record<string, Json>>;
  /** All documents but hooks, as `manifestText` writes them. */
  readonly manifest: string;
  readonly hooks: readonly ReleaseHook[];
  /** Server-side apply (`ssa`) is how we write; a release of Helm 3 has nothing here. */
  readonly applyMethod?: 'ssa' | 'csa';
}

/** The times and words that `helm list` and `helm history` show. */
interface ReleaseInfo {
  readonly firstDeployed: string;
  readonly lastDeployed: string;
  readonly deleted?: string;
  readonly description: string;
  readonly status: ReleaseStatus;
  readonly notes: string;
  /** Revision that this one goes back to. */
  readonly rollbackRevision?: number;
}

/** The part of a chart that a release keeps. */
export interface ReleaseChart {
  /** Chart.yaml as JSON. */
  readonly metadata: Json;
  /** The chart's defaults: `helm get values --all` adds them to the user's. */
  readonly values: Readonly<Record<string, Json>>;
  readonly schema?: Uint8Array;
  readonly templates: readonly ReleaseFile[];
  readonly files: readonly ReleaseFile[];
}

/** One file of a chart; the path is relative to the chart. */
export interface ReleaseFile {
  readonly name: string;
  readonly data: Uint8Array;
}

/** A hook with what became of its last run. */
export interface ReleaseHook extends Hook {
  readonly lastRun?: {
    readonly startedAt?: string;
    readonly completedAt?: string;
    readonly phase: 'Unknown' | 'Running' | 'Succeeded' | 'Failed';
  };
}

/** How many revisions are kept: Helm's own default. */
const MAX_REVISIONS = 10;

/** The record with another status and Helm's words for it. */
export function withStatus(record: ReleaseRecord, status: ReleaseStatus, description: string): ReleaseRecord {
  return { ...record, info: { ...record.info, status, description } };
}

/** Manifests as one text, in Helm's form. */
export function manifestText(manifests: readonly Manifest[]): string {
  return manifests.map(({ source, content }) => `---\n# Source: ${source}\n${content}\n`).join('');
}

/** The part of a chart that a release keeps, as Helm divides files: dependencies are not kept. */
export function chartOfRelease(info: ChartInfo, { files }: ChartFiles): ReleaseChart {
  const templates: ReleaseFile[] = [];
  const others: ReleaseFile[] = [];
  const elsewhere = new Set(['Chart.yaml', 'Chart.lock', 'values.yaml', 'values.schema.json']);
  for (const [name, data] of files) {
    if (elsewhere.has(name) || name.startsWith('charts/')) continue;
    (name.startsWith('templates/') ? templates : others).push({ name, data });
  }
  const schema = files.get('values.schema.json');
  return {
    metadata: info.metadata,
    values: info.values,
    ...(schema === undefined ? {} : { schema }),
    templates,
    files: others,
  };
}

/**
 * Which revisions to delete before another is written, oldest first, so that at most `keep` remain with the new one. The
 * revision that is deployed stays whatever its age: it is the one to go back to.
 */
export function revisionsToForget(
  history: readonly { readonly version: number; readonly status: ReleaseStatus }[],
  keep = MAX_REVISIONS,
): number[] {
  const sorted = [...history].sort((a, b) => a.version - b.version);
  const deployed = sorted.findLast((revision) => revision.status === 'deployed');
  const surplus = Math.max(0, sorted.length - (keep - 1));
  return sorted
    .filter((revision) => revision !== deployed)
    .slice(0, surplus)
    .map((revision) => revision.version);
}
