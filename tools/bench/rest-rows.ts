import { systemClock } from '../../src/lib/clock.ts';
import { LEASE, POD } from '../../src/kube/builtin-kinds.ts';
import { OPERATOR_NAME } from '../../src/api/names.ts';
import { NS } from './bench-cluster.ts';
import type { BenchRun } from './bench-run.ts';
import { memoryRow } from './create-rows.ts';
import { leaderMetrics, leaderPod, operatorPods, readMetrics, writesOf } from './operator-metrics.ts';
import type { Row } from './row.ts';
import { pause, waitFor } from './wait-for.ts';

/** What an operator does that has nothing to do, and what it does when it starts among instances that are there. */
export async function restRows(run: BenchRun): Promise<readonly Row[]> {
  const { cluster, sizes } = run;
  await pause(sizes.restMs);
  const before = await leaderMetrics(cluster.client);
  await pause(sizes.restMs);
  const after = await leaderMetrics(cluster.client);
  const calls = Object.keys(after.calls)
    .filter((verb) => verb !== 'update' && verb !== 'watch')
    .map((verb) => [verb, (after.calls[verb] ?? 0) - (before.calls[verb] ?? 0)] as const)
    .filter(([, count]) => count !== 0);
  const row: Row = {
    what: `API calls at rest, ${sizes.instances} instances`,
    value: calls.reduce((sum, [, count]) => sum + count, 0),
    unit: '',
    baseline: calls.map(([verb, count]) => `${count} ${verb}`).join(', '),
    floor: 0,
    good: 'below',
    binding: true,
    method: `calls of the leader in ${Math.round(sizes.restMs / 1000)} s besides the lease's renewal and watches`,
  };
  return [memoryRow(sizes.instances, after, 260), row, ...(await restartRows(run))];
}

async function restartRows({ cluster: { client }, sizes, kind }: BenchRun): Promise<readonly Row[]> {
  const killed = await leaderPod(client);
  if (killed === undefined) throw new Error('no operator leads');
  const standbys = (await operatorPods(client)).filter((pod) => pod !== killed);
  const before = new Map<string, number>();
  for (const pod of standbys) before.set(pod, writesOf(await readMetrics(client, pod)));
  await client.delete(POD, { namespace: NS, name: killed });
  const controller = `instance ${kind.group}/${kind.kind}`;
  const idle = await waitFor('the next leader has looked at everything', 120_000, async () => {
    // The process that replaces the deleted one may be faster than the one that stood by.
    const leader = await leaderPod(client);
    if (leader === undefined || leader === killed) return undefined;
    const metrics = await readMetrics(client, leader).catch(() => undefined);
    if (metrics?.leads !== true || metrics.queued > 0) return undefined;
    const looks = metrics.looks[controller] ?? 0;
    return looks >= sizes.instances ? { leader, metrics, looks, at: systemClock.now() } : undefined;
  });
  const writtenBefore = before.get(idle.leader) ?? 0;
  const lease = await client.get(LEASE, { namespace: NS, name: OPERATOR_NAME });
  const gained = Date.parse(lease.spec?.acquireTime ?? '');
  const method = `the leader's pod is deleted; from the lease's acquireTime until the next one has looked at ${sizes.instances} instances and its queues are empty`;
  return [
    {
      what: `restart with ${sizes.instances} instances, gained → idle`,
      value: (idle.at - gained) / 1000,
      unit: 's',
      baseline: `${idle.looks} looks; event loop max ${idle.metrics.stallMaxMs.toFixed(0)} ms`,
      floor: 5,
      good: 'below',
      binding: false,
      method,
    },
    {
      what: 'restart: writes',
      value: writesOf(idle.metrics) - writtenBefore,
      unit: '',
      baseline: before.has(idle.leader) ? `${writtenBefore} before, while it stood by` : 'a new process',
      floor: 0,
      good: 'below',
      binding: true,
      method,
    },
  ];
}
