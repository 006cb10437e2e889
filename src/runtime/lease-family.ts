import type { Client } from '../client/client.ts';
import { LEASE, type Lease } from '../kube/builtin-kinds.ts';
import type { Clock } from '../lib/clock.ts';
import { mayTake, shardsOf, type SeenLease } from './lease-record.ts';
import type { ShardView } from './shards.ts';

/** Of all replicas of one operator: the leader's lease, those of shards, and one by which each replica says that it is there. */
export function shardLeaseName(leaseName: string, shard: number): string {
  return `${leaseName}-shard-${shard}`;
}

/** The lease by which a replica says that it is there. */
export function replicaLeaseName(leaseName: string, identity: string): string {
  return `${leaseName}-replica-${identity}`;
}

/** One replica's part in a family of leases. */
export interface FamilyMember {
  readonly leaseName: string;
  readonly identity: string;
  /** Over how many shards it divides the work. */
  readonly count: number;
}

/** What the leases that hold now say to a replica. */
export interface FamilySeen extends ShardView {
  /** Nobody works by another number of shards: then two replicas might hold one object to be theirs. */
  readonly agreed: boolean;
}

/**
 * Reads the leases that hold now. While others work by another number of shards (a change of it is being rolled out), a replica
 * that holds no shard waits for them to go, and they go on. Where nobody works yet, all have to be of one mind: a
 * replica says that it is there before it looks, so of two that begin at once the later one sees the other.
 */
export function readFamily(
  holding: readonly Lease[],
  { leaseName, identity, count }: FamilyMember,
): FamilySeen {
  const shardPrefix = shardLeaseName(leaseName, 0).slice(0, -1);
  const replicaPrefix = replicaLeaseName(leaseName, '');
  const members: string[] = [];
  const holders = new Map<number, string>();
  const plans: number[] = [];
  const working: number[] = [];
  for (const lease of holding) {
    const { name } = lease.metadata;
    const holder = lease.spec?.holderIdentity ?? '';
    const planned = shardsOf(lease);
    if (name.startsWith(replicaPrefix)) {
      plans.push(planned);
      if (planned === count) members.push(holder);
    } else if (name.startsWith(shardPrefix)) {
      working.push(planned);
      if (planned === count) holders.set(Number(name.slice(shardPrefix.length)), holder);
    } else if (name === leaseName && planned === 1) {
      working.push(planned);
    }
  }
  const isWorking = [...holders.values()].includes(identity);
  const others = working.length > 0 ? working : plans;
  return { count, members, holders, agreed: isWorking || others.every((planned) => planned === count) };
}

/** True if replicas that divide the work by shards are there: one that does everything alone must wait for them to go. */
export function hasShardWorkers(holding: readonly Lease[], leaseName: string): boolean {
  return holding.some(
    ({ metadata }) =>
      metadata.name.startsWith(shardLeaseName(leaseName, 0).slice(0, -1)) ||
      metadata.name.startsWith(replicaLeaseName(leaseName, '')),
  );
}

/** Sees which leases of a namespace hold, by what changes between two looks: clocks of machines differ. */
export class LeaseWatch {
  readonly #client: Pick<Client, 'list'>;
  readonly #clock: Clock;
  readonly #namespace: string;
  #seen = new Map<string, SeenLease>();

  constructor(client: Pick<Client, 'list'>, clock: Clock, namespace: string) {
    this.#client = client;
    this.#clock = clock;
    this.#namespace = namespace;
  }

  /** A lease as last looked at. */
  seen(name: string): SeenLease | undefined {
    return this.#seen.get(name);
  }

  /** The leases that hold, and those that nobody renewed for `deadMs`. Throws KubeError. */
  async look(
    timeoutMs: number,
    deadMs: number,
  ): Promise<{ readonly holding: readonly Lease[]; readonly dead: readonly Lease[] }> {
    const { items } = await this.#client.list(LEASE, { namespace: this.#namespace, timeoutMs });
    const now = this.#clock.monotonic();
    const before = this.#seen;
    this.#seen = new Map(
      items.map((lease) => {
        const last = before.get(lease.metadata.name);
        const same = last?.lease.metadata.resourceVersion === lease.metadata.resourceVersion;
        return [lease.metadata.name, { lease, changedAt: same && last !== undefined ? last.changedAt : now }];
      }),
    );
    const seen = [...this.#seen.values()];
    return {
      holding: seen.filter((one) => !mayTake(one, '', now)).map(({ lease }) => lease),
      dead: seen.filter(({ changedAt }) => now - changedAt >= deadMs).map(({ lease }) => lease),
    };
  }
}
