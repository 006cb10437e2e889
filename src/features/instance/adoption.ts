import type { AdoptedRelease, Instance } from '../../api/instance.ts';
import { CREATED_BY_LABEL, MANAGED_BY_VALUE } from '../../api/names.ts';
import { mergeValues } from '../../helm/merge-values.ts';
import type { ReleaseRecord } from '../../helm/release.ts';
import type { ChartInfo } from '../../helm/rendering.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { Inventory, RunningRelease } from './inventory.ts';
import type { Values } from './values.ts';

/*
 * Taking over a Helm release where it stands. Who may give a namespace away marks the release's objects and the namespace with the
 * instance's UID (`tenantry adopt`); from then on the instance is one like all others, whose last release is the one that Helm wrote.
 */

/**
 * What is known of a namespace that was handed over and has no inventory yet: the release that was found runs, and nothing else in there
 * is accounted for. What it has and the service's chart has not stays where it is.
 */
export function foundInventory({ tenantry }: Pick<Instance, 'tenantry'>): Inventory | undefined {
  const { adopted } = tenantry ?? {};
  if (adopted === undefined) return undefined;
  const { revision: number, content } = adopted;
  const none = { revision: '', version: '', notes: '' };
  return {
    release: { ...none, number, content, inputs: '', phase: 'done', running: { ...none, number } },
    objects: [],
    policies: [],
    exposed: [],
    usesApi: false,
  };
}

/** True if KubePlus deployed the instance: its release is somewhere, and a second one beside it would be nobody's wish. */
export function isOfKubePlus({ metadata }: Pick<Instance, 'metadata'>): boolean {
  return metadata.labels?.[CREATED_BY_LABEL] === MANAGED_BY_VALUE;
}

/** True if a release is the first after the one that was found, whether it was begun before or not. */
export function isFirstAfter(
  { revision }: AdoptedRelease,
  running: RunningRelease | undefined,
  number: number,
): boolean {
  return running?.number === revision && number > revision;
}

/**
 * True if the service would render what runs already: the same version of the same chart with the same values. Then what runs is
 * taken as it is, made-up passwords included, and not one pod restarts. Anything else is an upgrade.
 */
export function isAsFound(
  found: Pick<ReleaseRecord, 'chart' | 'config'> | undefined,
  chart: Pick<ChartInfo, 'name' | 'version' | 'values'>,
  values: Values,
): found is ReleaseRecord {
  if (found === undefined) return false;
  // Chart.yaml as JSON; what is no map has no name and equals no chart.
  const metadata = found.chart.metadata as { readonly name?: unknown; readonly version?: unknown } | null;
  if (metadata?.name !== chart.name || metadata.version !== chart.version) return false;
  return deepEqual(mergeValues(chart.values, found.config), mergeValues(chart.values, values));
}
