import type { Instance, InstanceStatus } from '../../api/instance.ts';
import { setCondition, type NextCondition } from '../../kube/conditions.ts';
import type { Condition } from '../../kube/object.ts';
import { shortHash } from '../../lib/hash.ts';
import type { Inventory } from './inventory.ts';
import type { Readiness } from './readiness.ts';
import type { Failure } from './world.ts';

/** What there is to say about an instance. */
export type Verdict =
  /** It does not get further, or not by itself. What ran before goes on running. */
  | { readonly is: 'failed'; readonly failure: Failure }
  /** It is being worked on. */
  | { readonly is: 'busy'; readonly reason: string; readonly message: string }
  /** What should be written is written; it works or will. */
  | { readonly is: 'applied'; readonly readiness: Readiness };

/** Facts beside the verdict. */
export interface StatusFacts {
  /** Namespace and release, e.g. for `helm -n`. */
  readonly target: string;
  readonly release: string;
  /** The namespace exists and is ours. */
  readonly holdsNamespace: boolean;
  readonly inventory: Inventory | undefined;
  readonly helmrelease: string | undefined;
  readonly url: string | undefined;
  readonly isolation: InstanceStatus['isolation'] | undefined;
  /** Secret texts among the values: no message repeats them. */
  readonly secrets: readonly string[];
}

/** KubePlus's text: `<namespace>:<release>`, then the notes. */
export function helmreleaseText(target: string, release: string, notes: string): string {
  return `${target}:${release}\n${notes}`;
}

/** Digest of that text, kept in the inventory. */
export function notesDigest(text: string): string {
  return shortHash(text, 16);
}

/** The whole status as it should read. Nothing of it is ever read back to decide anything. Pure. */
export function statusOf(
  instance: Instance,
  verdict: Verdict,
  facts: StatusFacts,
  now: number,
): InstanceStatus {
  const { inventory, target, release } = facts;
  const generation = instance.metadata.generation;
  const running = inventory?.release.running;
  const failed = verdict.is === 'failed' ? verdict.failure : undefined;
  const helmrelease =
    failed === undefined ? facts.helmrelease : helmreleaseText(target, release, `Error: ${failed.message}`);
  return {
    conditions: conditionsOf(instance, verdict, facts, now),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(helmrelease === undefined ? {} : { helmrelease }),
    ...(failed === undefined ? {} : { error: failed.message }),
    ...(facts.holdsNamespace ? { namespace: target } : {}),
    ...(running === undefined
      ? {}
      : { revision: running.revision, version: running.version, release: running.number }),
    ...(facts.isolation === undefined ? {} : { isolation: facts.isolation }),
    ...(facts.url === undefined ? {} : { url: facts.url }),
  };
}

function conditionsOf(
  instance: Instance,
  verdict: Verdict,
  facts: StatusFacts,
  now: number,
): readonly Condition[] {
  const observedGeneration = instance.metadata.generation;
  const known = (instance.status?.conditions ?? []).filter(({ type }) => TYPES.includes(type));
  return words(verdict, facts).reduce<readonly Condition[]>(
    (conditions, next) =>
      setCondition(
        conditions,
        observedGeneration === undefined ? next : { ...next, observedGeneration },
        now,
      ),
    known,
  );
}

const TYPES: readonly string[] = ['Ready', 'Reconciling', 'Stalled', 'Applied'];

type Words = Omit<NextCondition, 'observedGeneration'>;

function words(verdict: Verdict, facts: StatusFacts): readonly Words[] {
  switch (verdict.is) {
    case 'failed': {
      const { reason, message, stalled } = verdict.failure;
      return [
        { type: 'Ready', status: 'False', reason, message },
        { type: 'Reconciling', status: is(!stalled), reason, message },
        { type: 'Stalled', status: is(stalled), reason, message },
        { type: 'Applied', status: 'False', reason, message },
      ];
    }
    case 'busy': {
      const { reason, message } = verdict;
      return [
        { type: 'Ready', status: 'False', reason, message },
        { type: 'Reconciling', status: 'True', reason, message },
        { type: 'Stalled', status: 'False', reason, message },
        { type: 'Applied', status: 'False', reason, message },
      ];
    }
    case 'applied':
      return [...readinessWords(verdict.readiness), appliedWords(facts)];
  }
}

function readinessWords(readiness: Readiness): readonly Words[] {
  if (readiness.ready) {
    const said = { reason: 'Ready', message: 'Everything of the release runs' };
    return [
      { type: 'Ready', status: 'True', ...said },
      { type: 'Reconciling', status: 'False', ...said },
      { type: 'Stalled', status: 'False', ...said },
    ];
  }
  const { reason, message, stalled } = readiness;
  return [
    { type: 'Ready', status: 'False', reason, message },
    { type: 'Reconciling', status: is(!stalled), reason, message },
    { type: 'Stalled', status: is(stalled), reason, message },
  ];
}

function appliedWords({ inventory }: StatusFacts): Words {
  const { number, version } = inventory?.release ?? { number: 0, version: '' };
  return {
    type: 'Applied',
    status: 'True',
    reason: 'Applied',
    message: `Release ${number} with chart version ${version} is written`,
  };
}

function is(condition: boolean): 'True' | 'False' {
  return condition ? 'True' : 'False';
}
