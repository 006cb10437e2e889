import type { Instance } from '../../src/api/instance.ts';
import type { Client } from '../../src/client/client.ts';
import { apiVersionOf, type Kind } from '../../src/kube/kind.ts';
import type { Json } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { mapLimit } from '../../src/lib/limit.ts';
import { NS } from './bench-cluster.ts';
import { followInstances, type Following } from './follow-instances.ts';

/** Instances that are asked for at the same time. */
const IN_FLIGHT = 8;
/** Per instance, in milliseconds: a tenth of what is reached; whoever is slower than that stands still. */
const PATIENCE_MS = 500;
const PATIENCE_AT_LEAST_MS = 120_000;

/** How long instances took. */
export interface Created {
  /** From the first create to the last instance's Applied. */
  readonly ms: number;
  readonly perSecond: number;
  /** From each create's sending to its Applied as a watch tells it. */
  readonly eachMs: readonly number[];
}

/** Names `<prefix>0`, `<prefix>1`, …: from `from`, `count` of them. */
export function namesOf(prefix: string, count: number, from = 0): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${from + index}`);
}

export function instanceOf(kind: Kind<Instance>, name: string, spec: Record<string, Json> = {}): Instance {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { namespace: NS, name },
    spec: { title: name, ...spec },
  };
}

/** Creates instances, so many at a time, and waits until all are applied. */
export async function createMany(
  client: Client,
  kind: Kind<Instance>,
  names: readonly string[],
  inFlight = IN_FLIGHT,
): Promise<Created> {
  const following = await followInstances(client, kind);
  try {
    const begin = systemClock.monotonic();
    const sentAt = new Map<string, number>();
    await mapLimit(names, inFlight, async (name) => {
      sentAt.set(name, systemClock.monotonic());
      await client.create(kind, instanceOf(kind, name));
    });
    await allApplied(following, names);
    const eachMs = names.map((name) => appliedAt(following, name) - (sentAt.get(name) ?? begin));
    const ms = Math.max(...names.map((name) => appliedAt(following, name))) - begin;
    return { ms, perSecond: (names.length * 1000) / ms, eachMs };
  } finally {
    following.stop();
  }
}

/** One after the other, each applied before the next is sent: what a single user waits for on an idle machine. */
export async function createOneByOne(
  client: Client,
  kind: Kind<Instance>,
  names: readonly string[],
): Promise<readonly number[]> {
  const following = await followInstances(client, kind);
  const eachMs: number[] = [];
  try {
    for (const name of names) {
      const begin = systemClock.monotonic();
      await client.create(kind, instanceOf(kind, name));
      await allApplied(following, [name]);
      eachMs.push(appliedAt(following, name) - begin);
    }
    return eachMs;
  } finally {
    following.stop();
  }
}

async function allApplied(following: Following, names: readonly string[]): Promise<void> {
  const waiting = new Set(names);
  const within = Math.max(PATIENCE_AT_LEAST_MS, names.length * PATIENCE_MS);
  await following.until(`${names.length} instances are applied`, within, () => {
    for (const name of waiting) {
      if (following.seen.get(name)?.appliedAt === undefined) return false;
      waiting.delete(name);
    }
    return true;
  });
}

function appliedAt({ seen }: Following, name: string): number {
  return seen.get(name)?.appliedAt ?? Number.NaN;
}
