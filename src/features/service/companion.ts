import { type Companion, companionFor, isRecord, speaksOf } from '../../api/companion.ts';
import { SERVICE_UID_LABEL } from '../../api/names.ts';
import {
  RESOURCE_COMPOSITION,
  type CompositionSpec,
  type ResourceComposition,
} from '../../api/resource-composition.ts';
import { REVISION, revisionsOf, type Revision, type RevisionSpec } from '../../api/revision.ts';
import type { Kind } from '../../kube/kind.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { Finding } from '../../runtime/admission.ts';
import type { Controller, Stores } from '../../runtime/controller.ts';
import type { Plan, StatusBase } from '../../runtime/plan.ts';
import { watch } from '../../runtime/watch.ts';
import type { ServiceSettings } from './dependencies.ts';
import { underCompanions } from './laid-over.ts';
import { policiesOf, resourceOf } from './service-spec.ts';
import { conditionsFor } from './service-status.ts';

/** A ResourcePolicy or ResourceMonitor with its status. */
type Told = Companion & { readonly status?: StatusBase };

/** Everything that tells whether a companion counts. */
export interface CompanionWorld<T extends Companion> {
  /** The composition that it is the record of, or whose kind it names. */
  readonly composition: ResourceComposition | undefined;
  readonly resource: RevisionSpec['resource'] | undefined;
  readonly revision: Revision | undefined;
  /** The one that counts for the kind. */
  readonly counts: T | undefined;
  readonly spec: CompositionSpec | undefined;
}

/** What the condition says. */
export interface CompanionVerdict {
  readonly state: 'ready' | 'working' | 'stalled';
  readonly reason: string;
  readonly message: string;
}

/** Judges one that counts. */
export type JudgeCompanion<T extends Companion> = (companion: T, service: JudgedService) => CompanionVerdict;

/** The service that a companion speaks of. */
export interface JudgedService {
  readonly composition: ResourceComposition;
  readonly resource: RevisionSpec['resource'];
  readonly revision: Revision | undefined;
  /** The composition's spec with everything that is laid over it. */
  readonly spec: CompositionSpec;
}

/** Says of each ResourcePolicy or ResourceMonitor which service it is in force for, or why not. It writes nothing else. */
export function companionController<T extends Told>(
  kind: Kind<T>,
  { operatorNamespace }: Pick<ServiceSettings, 'operatorNamespace'>,
  judge: JudgeCompanion<T>,
): Controller<T, CompanionWorld<T>, StatusBase> {
  const neighbours = (
    { metadata }: { readonly metadata: { readonly namespace?: string } },
    stores: Stores,
  ): readonly { readonly namespace?: string; readonly name: string }[] =>
    stores.list(kind, metadata.namespace).map((one) => one.metadata);
  return {
    name: kind.plural,
    kind,
    watches: [
      // When the oldest goes, another one's turn comes.
      watch({ kind, heeds: isSpecNew, wakes: neighbours }),
      watch({ kind: RESOURCE_COMPOSITION, heeds: isSpecNew, wakes: neighbours }),
      watch({ kind: REVISION, wakes: neighbours }),
    ],
    observe: (companion, { stores }) =>
      Promise.resolve(
        worldOf(companion, stores.list(kind, companion.metadata.namespace), stores, operatorNamespace),
      ),
    plan: (companion, world, now) => planCompanion(companion, verdictOn(companion, world, judge), now),
  };
}

function isSpecNew(object: Told | ResourceComposition, previous: Told | ResourceComposition): boolean {
  return object.metadata.generation !== previous.metadata.generation;
}

function worldOf<T extends Companion>(
  companion: T,
  all: readonly T[],
  stores: Stores,
  operatorNamespace: string,
): CompanionWorld<T> {
  const { namespace, labels } = companion.metadata;
  const revisions = stores.list(REVISION, namespace);
  const newest = ({ metadata }: ResourceComposition): Revision | undefined =>
    revisionsOf(revisions, metadata.uid).at(-1);
  const resourceFor = (one: ResourceComposition): RevisionSpec['resource'] =>
    newest(one)?.spec.resource ?? resourceOf(one, operatorNamespace);
  const composition = stores
    .list(RESOURCE_COMPOSITION, namespace)
    .find((one) =>
      isRecord(companion)
        ? labels?.[SERVICE_UID_LABEL] === one.metadata.uid
        : speaksOf(companion, resourceFor(one)),
    );
  if (composition === undefined)
    return { composition, resource: undefined, revision: undefined, counts: undefined, spec: undefined };
  const resource = resourceFor(composition);
  const spec = underCompanions(composition, resource, stores);
  return { composition, resource, revision: newest(composition), counts: companionFor(resource, all), spec };
}

/** Whether a companion counts, and for which service. Pure. */
export function verdictOn<T extends Companion>(
  companion: T,
  { composition, resource, revision, counts, spec: laidOver }: CompanionWorld<T>,
  judge: JudgeCompanion<T>,
): CompanionVerdict {
  const { kind, metadata, spec } = companion;
  if (isRecord(companion)) return recordVerdict(companion, composition, counts);
  const named = spec?.resource?.kind;
  if (named === undefined || named === '')
    return stalled('NoKind', 'spec.resource.kind: name the kind of a service of this namespace.');
  if (composition === undefined || resource === undefined || laidOver === undefined)
    return stalled(
      'NoService',
      `spec.resource: no ResourceComposition in namespace ${metadata.namespace ?? ''} registers this kind; it counts as soon as one does.`,
    );
  if (counts !== undefined && counts.metadata.uid !== metadata.uid)
    return stalled(
      'OlderOneCounts',
      `${kind} ${counts.metadata.name} is older and counts for ${resource.kind}; change that one, or delete it.`,
    );
  return judge(companion, { composition, resource, revision, spec: laidOver });
}

function recordVerdict(
  { kind }: Companion,
  composition: ResourceComposition | undefined,
  counts: Companion | undefined,
): CompanionVerdict {
  if (composition === undefined)
    return stalled('NoService', 'The ResourceComposition that this was written from is gone.');
  const { name } = composition.metadata;
  const origin = `Written from ResourceComposition ${name}; change it there, or apply a ${kind} of another name.`;
  const over = counts === undefined ? '' : ` ${kind} ${counts.metadata.name} is laid over it.`;
  return { state: 'ready', reason: 'Record', message: `${origin}${over}` };
}

/** What does not fit, and what holds instead. */
export function invalid(
  findings: readonly Finding[],
  { composition, resource }: JudgedService,
): CompanionVerdict {
  const wrong = findings.map(({ message }) => message.trim()).join('\n');
  const { name } = composition.metadata;
  return stalled(
    'SpecInvalid',
    `${wrong}\nUntil then ${resource.kind} has what ResourceComposition ${name} says.`,
  );
}

/** Whether the newest revision has in it what is laid over the composition. */
export function inForce(
  { composition, resource, revision, spec }: JudgedService,
  more: string,
): CompanionVerdict {
  const { name } = composition.metadata;
  if (revision === undefined || !deepEqual(revision.spec.policies, policiesOf(spec)))
    return {
      state: 'working',
      reason: 'Pending',
      message: `ResourceComposition ${name} makes a revision with it; if that does not come, its conditions say why.`,
    };
  const service = `${resource.kind} (${resource.plural}.${resource.group})`;
  const message = `In force for ${service}, with revision ${revision.metadata.name}. ${more}`;
  return { state: 'ready', reason: 'InForce', message };
}

/** One that does not count until somebody changes something. */
const stalled = (reason: string, message: string): CompanionVerdict => ({
  state: 'stalled',
  reason,
  message,
});

function planCompanion(companion: Told, verdict: CompanionVerdict, now: number): Plan {
  const { generation } = companion.metadata;
  const isBad = verdict.state === 'stalled';
  return {
    stages: [],
    status: {
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      conditions: conditionsFor(companion, verdict, now),
    },
    events: [{ type: isBad ? 'Warning' : 'Normal', reason: verdict.reason, message: verdict.message }],
  };
}
