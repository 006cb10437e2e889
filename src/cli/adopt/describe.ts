import type { FoundRelease } from './find-release.ts';
import type { ObjectPreview, Preview } from './preview.ts';
import type { WantedRelease } from './wanted-release.ts';

/** Paths of one object that are printed; the rest is a number. */
const MAX_PATHS = 6;

/** The preview as text: what becomes of the release, of each object, and what comes around it. Pure. */
export function describePreview(found: FoundRelease, wanted: WantedRelease, preview: Preview): string {
  const { record } = found;
  const { identity, release, chart } = wanted;
  const lines = [
    `Helm release ${record.name} in namespace ${record.namespace}, revision ${record.version}, becomes ${identity.kind} ${identity.namespace}/${identity.name}.`,
    release.asFound === true
      ? 'Chart and values are what the service has: everything is taken as it runs.'
      : `${chartOf(record.chart.metadata)} becomes ${chart.name} ${chart.version} with the service's values: an upgrade.`,
    restartsOf(preview),
    '',
    'Objects of the release:',
    ...preview.objects.map(objectLine),
    ...section('Not in the service’s chart; they stay, and nobody looks after them:', preview.left),
    '',
    'Around it:',
    ...preview.policies.map(
      ({ kind, name, found: isThere }) => `  ${kind.kind} ${name}: ${isThere ? 'replaced' : 'new'}`,
    ),
    ...section('Pods that run on and would not start again under its pod security:', preview.warnings),
    ...section(`Also in namespace ${record.namespace}; deleted when the instance is:`, preview.besides),
  ];
  return `${lines.join('\n')}\n`;
}

function restartsOf({ restarts, objects }: Preview): string {
  const refused = objects.filter((one) => one.refused !== undefined);
  const words = restarts.length === 0 ? 'No pod restarts.' : `Pods restart: ${restarts.join(', ')}.`;
  return refused.length === 0 ? words : `${words} ${refused.length} of the objects would be refused.`;
}

function objectLine({ kind, name, found, changes, refused }: ObjectPreview): string {
  return `  ${kind.kind} ${name}: ${refused ?? (found ? changesText(changes) : 'not there; it is made')}`;
}

function changesText(changes: readonly string[]): string {
  if (changes.length === 0) return 'as it is';
  const shown = changes.slice(0, MAX_PATHS).join(', ');
  return changes.length <= MAX_PATHS ? shown : `${shown} and ${changes.length - MAX_PATHS} more`;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function chartOf(metadata: unknown): string {
  // Chart.yaml as JSON, which Helm has read before.
  const { name, version } = (metadata ?? {}) as { readonly name?: string; readonly version?: string };
  return `chart ${name ?? '?'} ${version ?? '?'}`;
}
