import type { PodStats } from './pod-stats.ts';

/** Rounds that are kept of each namespace: with a round every 30 s a quarter of an hour. */
export const HISTORY_ROUNDS = 30;

/** What only grows, added up over pods that have gone since: what is billed must not shrink because a pod was replaced. */
export interface Totals {
  readonly cpuSeconds: number;
  readonly receivedBytes: number;
  readonly transmittedBytes: number;
}

/** The sums of one round. */
export interface HistoryPoint extends Totals {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
}

/** What is known of one namespace. */
export interface NamespaceUsage {
  readonly at: number;
  readonly pods: readonly PodStats[];
  readonly totals: Totals;
  readonly history: readonly HistoryPoint[];
  /** Nodes of its pods that did not answer when they were asked last, and why. */
  readonly gaps: readonly string[];
  /** What the application tells of itself, where the service says which metrics. */
  readonly application: readonly ApplicationMetric[];
}

/** One metric of the application: the sum over its pods and its series. */
export interface ApplicationMetric {
  readonly name: string;
  /** What the application says it is; its name where it says nothing. */
  readonly help: string;
  readonly value: number;
}

/** What the pods of one instance told of the application, and why some did not. */
export interface ApplicationAnswer {
  readonly metrics: readonly ApplicationMetric[];
  readonly gaps: readonly string[];
}

/** One look at everything. */
export interface Round {
  readonly nodes: readonly NodeAnswer[];
  /** By namespace; of those whose service asks for it. */
  readonly applications: ReadonlyMap<string, ApplicationAnswer>;
}

/** What one node said, or why it did not. */
export type NodeAnswer =
  | { readonly node: string; readonly pods: readonly PodStats[] }
  | { readonly node: string; readonly failure: string };

interface Kept extends NamespaceUsage {
  /** Counters of pods by UID, as they stood when they were told last. */
  readonly counted: ReadonlyMap<string, Totals>;
}

const ZERO: Totals = { cpuSeconds: 0, receivedBytes: 0, transmittedBytes: 0 };

/**
 * What kubelets told of the pods of instances, in memory and bounded: of each namespace the last round and a short history. Begun anew
 * by each leader; whoever wants more keeps what `/metrics` says.
 */
export class UsageBook {
  #kept: ReadonlyMap<string, Kept> = new Map();

  /** Takes in a round. `nodesOf` names the instances' namespaces and the nodes that their pods are on; all others are forgotten. */
  learn(at: number, round: Round, nodesOf: ReadonlyMap<string, ReadonlySet<string>>): void {
    const answers = round.nodes;
    const told = new Map([...nodesOf.keys()].map((namespace): [string, PodStats[]] => [namespace, []]));
    for (const answer of answers)
      if ('pods' in answer) for (const pod of answer.pods) told.get(pod.namespace)?.push(pod);
    const failures = answers.filter((answer) => 'failure' in answer);
    this.#kept = new Map(
      [...nodesOf].map(([namespace, nodes]) => {
        const gaps = failures
          .filter(({ node }) => nodes.has(node))
          .map(({ node, failure }) => `Node ${node} did not tell what its pods use: ${failure}`);
        const pods = told.get(namespace) ?? [];
        const application = round.applications.get(namespace);
        const next = {
          at,
          pods,
          application: application?.metrics ?? [],
          gaps: [...gaps, ...(application?.gaps ?? [])],
        };
        return [namespace, nextOf(this.#kept.get(namespace), next, gaps.length > 0)];
      }),
    );
  }

  /** Undefined where nothing was asked of it yet. */
  of(namespace: string): NamespaceUsage | undefined {
    return this.#kept.get(namespace);
  }

  /** For a leader that no longer is one: what it knows grows old. */
  clear(): void {
    this.#kept = new Map();
  }
}

type Told = Pick<Kept, 'at' | 'pods' | 'gaps' | 'application'>;

function nextOf(before: Kept | undefined, round: Told, isNodeSilent: boolean): Kept {
  const { at, pods } = round;
  const totals = pods.reduce((sum, pod) => add(sum, growth(pod, before)), before?.totals ?? ZERO);
  const now = pods.map((pod): [string, Totals] => [pod.uid, countersOf(pod)]);
  return {
    ...round,
    totals,
    history: [...(before?.history ?? []), point(at, pods, totals)].slice(-HISTORY_ROUNDS),
    // Pods of a node that is silent are not gone: without their last counters all they had would count again.
    counted: new Map([...(isNodeSilent ? (before?.counted ?? []) : []), ...now]),
  };
}

function countersOf({ cpuSeconds, receivedBytes, transmittedBytes }: PodStats): Totals {
  return {
    cpuSeconds: cpuSeconds ?? 0,
    receivedBytes: receivedBytes ?? 0,
    transmittedBytes: transmittedBytes ?? 0,
  };
}

/**
 * What a pod used since the round before. A counter that fell began anew with its containers. A pod that is new brought all it has, but not
 * at the first look at its namespace: nobody knows since when.
 */
function growth(pod: PodStats, before: Kept | undefined): Totals {
  if (before === undefined) return ZERO;
  const now = countersOf(pod);
  const last = before.counted.get(pod.uid) ?? ZERO;
  const since = (key: keyof Totals): number => (now[key] >= last[key] ? now[key] - last[key] : now[key]);
  return {
    cpuSeconds: since('cpuSeconds'),
    receivedBytes: since('receivedBytes'),
    transmittedBytes: since('transmittedBytes'),
  };
}

function add(one: Totals, other: Totals): Totals {
  return {
    cpuSeconds: one.cpuSeconds + other.cpuSeconds,
    receivedBytes: one.receivedBytes + other.receivedBytes,
    transmittedBytes: one.transmittedBytes + other.transmittedBytes,
  };
}

function point(at: number, pods: readonly PodStats[], totals: Totals): HistoryPoint {
  const sum = (pick: (pod: PodStats) => number | undefined): number =>
    pods.reduce((all, pod) => all + (pick(pod) ?? 0), 0);
  return {
    at,
    cpuMillicores: sum((pod) => pod.cpuMillicores),
    memoryBytes: sum((pod) => pod.memoryBytes),
    ...totals,
  };
}
