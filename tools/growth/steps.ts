import type { Instance } from '../../src/api/instance.ts';
import { OPERATOR_NAME } from '../../src/api/names.ts';
import type { Client } from '../../src/client/client.ts';
import { LEASE, NAMESPACE, POD } from '../../src/kube/builtin-kinds.ts';
import { INSTANCE_KIND_LABEL } from '../../src/api/names.ts';
import type { Kind } from '../../src/kube/kind.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { mapLimit } from '../../src/lib/limit.ts';
import { NS } from '../bench/bench-cluster.ts';
import { readClusterCpu } from '../bench/cluster-cpu.ts';
import { createMany, namesOf } from '../bench/create-many.ts';
import { leaderPod, operatorPods } from '../bench/operator-metrics.ts';
import { quantile } from '../bench/row.ts';
import { pause, waitFor } from '../bench/wait-for.ts';
import {
  admissionBounds,
  readOperator,
  readOperators,
  readServer,
  type OperatorReading,
} from './cluster-readings.ts';
import { rates } from './prometheus.ts';

/** A cluster with a service of four objects. */
export interface Growing {
  readonly cluster: string;
  readonly client: Client;
  readonly kind: Kind<Instance>;
  /** Milliseconds of rest before memory is read. */
  readonly restMs: number;
}

const WAIT_MS = 1_800_000;
const DELETES_IN_FLIGHT = 16;
const round = (value: number): number => Math.round(value * 10) / 10;

/** What a process looks like at rest. */
function atRest({ leads, shards, residentMib, heapMib, storeObjects, watches, looks }: OperatorReading) {
  return {
    leads,
    shards,
    residentMib: round(residentMib),
    heapMib: round(heapMib),
    storeObjects,
    watches,
    looks,
  };
}

/** Creates instances until there are `count`, and reads everything while that goes on and after it. */
export async function grow(growing: Growing, have: number, count: number, prefix = 'i') {
  const { client, kind, cluster, restMs } = growing;
  const [server, operators, cpu] = [
    await readServer(client),
    await readOperators(client),
    await readClusterCpu(cluster),
  ];
  const created = await createMany(client, kind, namesOf(prefix, count - have, have));
  const [serverAfter, operatorsAfter, cpuAfter] = [
    await readServer(client),
    await readOperators(client),
    await readClusterCpu(cluster),
  ];
  const seconds = created.ms / 1000;
  const made = count - have;
  await pause(restMs);
  const rested = await readOperators(client);
  await pause(restMs);
  const idle = await readOperators(client);
  const serverAtRest = await readServer(client);
  return {
    instances: count,
    made,
    perSecond: round(created.perSecond),
    appliedP50Ms: Math.round(quantile(created.eachMs, 0.5)),
    appliedP99Ms: Math.round(quantile(created.eachMs, 0.99)),
    admission: admissionBounds(operators, operatorsAfter),
    stallP99Ms: round(Math.max(...operatorsAfter.map(({ stallP99Ms }) => stallP99Ms))),
    stallMaxMs: round(Math.max(...operatorsAfter.map(({ stallMaxMs }) => stallMaxMs))),
    writesPerInstance: round((sumOf(operatorsAfter, 'writes') - sumOf(operators, 'writes')) / made),
    requestsPerSecond: rates(server.requests, serverAfter.requests, seconds),
    cpuMsPerInstance: Object.fromEntries(
      Object.entries(cpuAfter)
        .map(([program, ms]) => [program, round((ms - (cpu[program] ?? 0)) / made)] as const)
        .filter(([, ms]) => ms >= 1),
    ),
    operators: idle.map(atRest),
    idleCalls: idleCalls(rested, idle),
    server: {
      residentMib: Math.round(serverAtRest.residentMib),
      storeMib: round(serverAtRest.storeMib),
      storeObjects: serverAtRest.storeObjects,
      openWatches: serverAtRest.openWatches,
    },
  };
}

function sumOf(readings: readonly OperatorReading[], what: 'writes' | 'looks'): number {
  return readings.reduce((sum, reading) => sum + reading[what], 0);
}

/**
 * Calls of a leader that has nothing to do, between two readings at rest: neither watches nor `update`, which renews leases. The
 * others read a lease every two seconds to see whether it is free.
 */
function idleCalls(before: readonly OperatorReading[], after: readonly OperatorReading[]): number {
  return after
    .filter(({ leads }) => leads)
    .reduce((sum, { pod, calls }) => {
      const earlier = before.find((one) => one.pod === pod)?.calls ?? {};
      const verbs = ['create', 'apply', 'patch', 'delete', 'get'];
      return sum + verbs.reduce((inner, verb) => inner + (calls[verb] ?? 0) - (earlier[verb] ?? 0), 0);
    }, 0);
}

/** Deletes the leader's pod: another one becomes the leader and looks at everything. */
export async function restart({ client }: Growing, count: number) {
  const killed = await leaderPod(client);
  if (killed === undefined) throw new Error('no process of the operator leads');
  await client.delete(POD, { namespace: NS, name: killed });
  const idle = await waitFor('the next leader has looked at everything', WAIT_MS, async () => {
    // The one that stood by or the one that came for the old one, whoever was first.
    const leader = await leaderPod(client);
    if (leader === undefined || leader === killed) return undefined;
    const reading = await readOperator(client, leader).catch(() => undefined);
    if (reading === undefined) return undefined;
    const isIdle = reading.leads && reading.queued === 0 && reading.looks >= count;
    return isIdle ? { reading, at: systemClock.now() } : undefined;
  });
  const lease = await client.get(LEASE, { namespace: NS, name: OPERATOR_NAME });
  const gained = Date.parse(lease.spec?.acquireTime ?? '');
  await waitFor('a new second process', WAIT_MS, async () =>
    (await operatorPods(client)).length === 2 ? true : undefined,
  );
  const { reading, at } = idle;
  return {
    instances: count,
    seconds: round((at - gained) / 1000),
    writes: reading.writes,
    looks: reading.looks,
    stallMaxMs: round(reading.stallMaxMs),
  };
}

/** Deletes all instances: ours are gone once all namespaces are going; emptying those is the cluster's own work. */
export async function removeAll({ client, kind }: Growing) {
  const { items } = await client.list(kind, { namespace: NS });
  const begin = systemClock.monotonic();
  const since = (): number => round((systemClock.monotonic() - begin) / 1000);
  await mapLimit(items, DELETES_IN_FLIGHT, ({ metadata }) =>
    client.delete(kind, { namespace: NS, name: metadata.name }),
  );
  const askedSeconds = since();
  const selector = { labelSelector: `${INSTANCE_KIND_LABEL}=${kind.kind}` };
  const oursSeconds = await waitFor(
    'all namespaces are going',
    WAIT_MS,
    async () => {
      const left = (await client.list(NAMESPACE, selector)).items;
      return left.every(({ metadata }) => metadata.deletionTimestamp !== undefined) ? since() : undefined;
    },
    500,
  );
  const allSeconds = await waitFor(
    'all instances are gone',
    WAIT_MS,
    async () => ((await client.list(kind, { namespace: NS })).items.length === 0 ? since() : undefined),
    500,
  );
  return { instances: items.length, askedSeconds, oursSeconds, allSeconds };
}
