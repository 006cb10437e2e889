import { RESOURCE_COMPOSITION } from '../../src/api/resource-composition.ts';
import { NAMESPACE } from '../../src/kube/builtin-kinds.ts';
import { INSTANCE_KIND_LABEL } from '../../src/api/names.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { mapLimit } from '../../src/lib/limit.ts';
import { NS } from './bench-cluster.ts';
import type { BenchRun } from './bench-run.ts';
import { compositionOf, fourObjects, uploadChart } from './bench-service.ts';
import { followInstances } from './follow-instances.ts';
import { leaderMetrics, writesOf } from './operator-metrics.ts';
import type { Row } from './row.ts';
import { waitFor } from './wait-for.ts';

const NEXT_VERSION = '0.2.0';
const WITHIN_MS = 300_000;
const DELETES_IN_FLIGHT = 16;

/** All instances follow a new version of the chart in which one object differs. */
export async function upgradeRows({ cluster, service, kind, sizes }: BenchRun): Promise<readonly Row[]> {
  const { client } = cluster;
  // A default that every instance overrides changes nothing; one that none sets changes the Secret.
  const files = { ...fourObjects(NEXT_VERSION), 'values.yaml': 'title: none\npassword: another\n' };
  const chartURL = await uploadChart(client, 'four', files);
  const following = await followInstances(client, kind);
  try {
    const before = writesOf(await leaderMetrics(client));
    const count = following.seen.size;
    const begin = systemClock.monotonic();
    const { spec } = compositionOf(service, chartURL);
    await client.patch(
      RESOURCE_COMPOSITION,
      { namespace: NS, name: service },
      { type: 'merge', body: { spec } },
    );
    await following.until('all instances are upgraded', WITHIN_MS, () =>
      [...following.seen.values()].every(({ version }) => version === NEXT_VERSION),
    );
    const seconds = (systemClock.monotonic() - begin) / 1000;
    const after = await leaderMetrics(client);
    return [
      {
        what: `upgrade of ${count} instances, one changed object each`,
        value: seconds,
        unit: 's',
        baseline: `${(count / seconds).toFixed(1)}/s, ${((writesOf(after) - before) / count).toFixed(1)} writes each, events included; event loop max ${after.stallMaxMs.toFixed(0)} ms`,
        // The floor is for 1,000.
        ...(sizes.instances === 1000 ? { floor: 20 } : {}),
        good: 'below',
        binding: false,
        method: 'from the change of the composition until the status of every instance names the new version',
      },
    ];
  } finally {
    following.stop();
  }
}

/** All instances are deleted at once. */
export async function deleteRows({ cluster, kind, sizes }: BenchRun): Promise<readonly Row[]> {
  const { client } = cluster;
  const following = await followInstances(client, kind);
  try {
    const names = [...following.seen.keys()];
    const begin = systemClock.monotonic();
    await mapLimit(names, DELETES_IN_FLIGHT, (name) => client.delete(kind, { namespace: NS, name }));
    // What is ours is gone when all namespaces are on their way; emptying them is the cluster's work.
    const ours = await waitFor('all namespaces are being deleted', WITHIN_MS, async () => {
      const selector = { labelSelector: `${INSTANCE_KIND_LABEL}=${kind.kind}` };
      const { items } = await client.list(NAMESPACE, selector);
      const left = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      return left.length === 0 ? systemClock.monotonic() - begin : undefined;
    });
    await following.until('all instances are gone', WITHIN_MS, () => following.seen.size === 0);
    const all = systemClock.monotonic() - begin;
    return [
      {
        what: `deletion of ${names.length} instances: own objects gone`,
        value: ours / 1000,
        unit: 's',
        baseline: `with all namespaces emptied and the instances gone ${(all / 1000).toFixed(0)} s`,
        ...(sizes.instances === 1000 ? { floor: 30 } : {}),
        good: 'below',
        binding: false,
        method: `deleted ${DELETES_IN_FLIGHT} at a time; until the chart's objects are deleted and every namespace is being deleted`,
      },
    ];
  } finally {
    following.stop();
  }
}
