import { OPERATOR_NAME } from '../../src/api/names.ts';
import type { Client } from '../../src/client/client.ts';
import { LEASE, POD } from '../../src/kube/builtin-kinds.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { NS } from '../bench/bench-cluster.ts';
import { operatorPods } from '../bench/operator-metrics.ts';
import { waitFor } from '../bench/wait-for.ts';
import { readOperators } from './cluster-readings.ts';
import type { Growing } from './steps.ts';

const WAIT_MS = 600_000;

/** Who holds each shard; empty where nobody does. */
export async function shardHolders(client: Client, shards: number): Promise<readonly string[]> {
  return Promise.all(
    Array.from({ length: shards }, async (_, shard) => {
      const name = `${OPERATOR_NAME}-shard-${shard}`;
      return (await client.find(LEASE, { namespace: NS, name }))?.spec?.holderIdentity ?? '';
    }),
  );
}

/** Resolves when every shard is held by a pod that is there, each pod has a fair share, and all have looked at their part. */
export async function untilDivided({ client }: Growing, shards: number, count: number) {
  const begin = systemClock.monotonic();
  const operators = await waitFor('the shards are divided', WAIT_MS, async () => {
    const pods = await operatorPods(client);
    const holders = await shardHolders(client, shards);
    if (!holders.every((holder) => pods.includes(holder))) return undefined;
    if (new Set(holders).size < Math.min(pods.length, shards)) return undefined;
    const readings = await readOperators(client);
    const looks = readings.reduce((sum, reading) => sum + reading.looks, 0);
    return looks >= count && readings.every(({ queued }) => queued === 0) ? readings : undefined;
  });
  return {
    seconds: Math.round((systemClock.monotonic() - begin) / 100) / 10,
    holders: await shardHolders(client, shards),
    operators: operators.map(({ pod, leads, shards: held, residentMib, looks, writes }) => ({
      pod,
      leads,
      shards: held,
      residentMib: Math.round(residentMib),
      looks,
      writes,
    })),
  };
}

/** Kills the process that holds the first shard, without a word of farewell, and waits until its shard is held again. */
export async function killHolder({ client }: Growing, shards: number) {
  const [killed = ''] = await shardHolders(client, shards);
  const begin = systemClock.monotonic();
  await client.delete(POD, { namespace: NS, name: killed }, { gracePeriodSeconds: 0 });
  await waitFor('the shard is held by another', WAIT_MS, async () =>
    (await shardHolders(client, shards)).every((holder) => holder !== '' && holder !== killed)
      ? true
      : undefined,
  );
  return { takeoverSeconds: Math.round((systemClock.monotonic() - begin) / 100) / 10 };
}
