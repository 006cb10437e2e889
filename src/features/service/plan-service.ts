import { SERVICE_UID_LABEL } from '../../api/names.ts';
import type { ResourceComposition } from '../../api/resource-composition.ts';
import { REVISION, type Revision, type RevisionSpec } from '../../api/revision.ts';
import { CHART_DIGEST_LABEL, digestLabel } from '../../helm/chart-store.ts';
import { CONFIG_MAP, CRD, SECRET, SERVICE_ACCOUNT } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import type { AnyObject } from '../../kube/object.ts';
import { contains } from '../../lib/contains.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { Plan, Stage, Write } from '../../runtime/plan.ts';
import type { ChartProblem } from './chart-problem.ts';
import { planRemoval } from './plan-removal.ts';
import {
  accountObject,
  CHART_CRD_LABEL,
  chartCrdObject,
  crdObject,
  recordObjects,
  revisionAnnotations,
  revisionContent,
  revisionObject,
  uidOf,
  usageObject,
} from './service-objects.ts';
import { failedStatus, pendingStatus, registeredStatus, type ServiceStatus } from './service-status.ts';
import { existingKey, type PreparedChart, type ServiceWorld } from './world.ts';

/** What should be true of a service. Pure. */
export function planService(
  composition: ResourceComposition,
  world: ServiceWorld,
  now: number,
): Plan<ServiceStatus> {
  if (world.removal !== undefined) return planRemoval(composition, world, world.removal, now);
  const current = world.revisions.at(-1);
  const problems = [...world.problems, ...nameProblems(world)];
  if (world.chart === undefined || problems.length > 0)
    return planFailure(composition, problems, current, now);
  const { chart } = world;
  const revision = nextRevision(composition, world, chart, current);
  const stages: Stage[] = [
    { name: 'chart', writes: chart.missingChunks.length === 0 ? [] : chunkWrites(chart) },
    {
      name: 'revision',
      writes: [
        ...revisionWrites(revision, current, composition, chart),
        ...besides(composition, world, chart),
      ],
    },
    {
      name: 'kind',
      writes: ours(composition, CRD, crdObject(composition, world.resource, chart), world.crd),
    },
  ];
  const isServed = hasCondition(world.crd, 'Established') && stages[2]?.writes.length === 0;
  const status = isServed
    ? registeredStatus(composition, revision, chart, now)
    : pendingStatus(composition, revision, chart, now);
  return {
    finalizer: 'present',
    stages: stages.filter(({ writes }) => writes.length > 0),
    status,
    events: isServed
      ? [
          {
            type: 'Normal',
            reason: 'Registered',
            message: `${world.resource.kind} runs revision ${revision.metadata.name}`,
          },
        ]
      : [],
  };
}

function planFailure(
  composition: ResourceComposition,
  problems: readonly ChartProblem[],
  current: Revision | undefined,
  now: number,
): Plan<ServiceStatus> {
  const retries = problems.flatMap(({ retryMs }) => retryMs ?? []);
  const [first] = problems;
  return {
    finalizer: 'present',
    stages: [],
    status: failedStatus(composition, problems, current, now),
    events:
      first === undefined
        ? []
        : [{ type: 'Warning', reason: first.reason, message: first.message.slice(0, 1000) }],
    ...(retries.length === 0 ? {} : { lookAgainMs: Math.min(...retries) }),
  };
}

/** The API server takes a CRD whose kind or plural another one of the group has, and then does not serve it. */
function nameProblems({ crd, resource }: ServiceWorld): ChartProblem[] {
  const accepted = crd?.status?.conditions?.find(({ type }) => type === 'NamesAccepted');
  if (accepted?.status !== 'False') return [];
  const message = `the names of ${resource.kind} are taken in the group ${resource.group}: ${accepted.message ?? ''}; delete this composition and register another kind or plural`;
  return [{ reason: 'NameTaken', message }];
}

function hasCondition(crd: ServiceWorld['crd'], type: string): boolean {
  return (
    crd?.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ??
    false
  );
}

/** The current revision if it says the same, else the next. */
function nextRevision(
  composition: ResourceComposition,
  world: ServiceWorld,
  chart: PreparedChart,
  current: Revision | undefined,
): Revision {
  const content = revisionContent(composition, world.resource, chart, world.policies);
  const isSame =
    current !== undefined && deepEqual(comparable(current.spec), comparable({ ...content, number: 0 }));
  if (isSame) return current;
  return revisionObject(composition, chart, { ...content, number: (current?.spec.number ?? 0) + 1 });
}

/** Without the number; and a server may leave out a field that is null. */
function comparable({ number: _number, valuesSchema, ...spec }: RevisionSpec): unknown {
  return { ...spec, valuesSchema: valuesSchema ?? null };
}

function revisionWrites(
  revision: Revision,
  current: Revision | undefined,
  composition: ResourceComposition,
  chart: PreparedChart,
): Write[] {
  if (revision !== current) return [own(composition, REVISION, revision, undefined)];
  const annotations = revisionAnnotations(composition, chart);
  if (contains(current.metadata.annotations ?? {}, annotations)) return [];
  // Another way to the same service, for instance another URL of the same bytes: remembered, and nothing is upgraded.
  const { resourceVersion } = current.metadata;
  const body = { metadata: { annotations, uid: uidOf(current), resourceVersion } };
  return [{ verb: 'patch', kind: REVISION, ref: current.metadata, body }];
}

/** Chunks belong to whoever refers to their digest. */
function chunkWrites(chart: PreparedChart): Write[] {
  const owner = digestLabel(chart.digest);
  return chart.missingChunks.map((object) => ({
    verb: 'own',
    kind: SECRET,
    object,
    owner,
    ownerLabel: CHART_DIGEST_LABEL,
  }));
}

/** What stands beside the revision. */
function besides(composition: ResourceComposition, world: ServiceWorld, chart: PreparedChart): Write[] {
  const existing = (kind: Kind, name: string): AnyObject | undefined =>
    world.existing.get(existingKey(kind, name));
  const account = accountObject(composition, world.resource, world.accountsNamespace);
  // Texts for people: somebody else's object of that name is left alone and no reason to refuse the service.
  const texts = [
    { kind: CONFIG_MAP as Kind, object: usageObject(composition, world.resource, chart) },
    ...recordObjects(composition),
  ];
  return [
    ...ours(composition, SERVICE_ACCOUNT, account, existing(SERVICE_ACCOUNT, account.metadata.name)),
    ...texts.flatMap(({ kind, object }) => {
      const present = existing(kind, object.metadata.name);
      const isForeign =
        present !== undefined && present.metadata.labels?.[SERVICE_UID_LABEL] !== uidOf(composition);
      return isForeign ? [] : ours(composition, kind, object, present);
    }),
    ...chart.crds.flatMap((crd) => chartCrdWrites(composition, crd, existing(CRD, crd.metadata.name))),
  ];
}

/** A CRD that somebody else brought is used as it is; one that a chart of ours brought follows the newest registration. */
function chartCrdWrites(
  composition: ResourceComposition,
  crd: AnyObject,
  present: AnyObject | undefined,
): Write[] {
  if (present !== undefined && present.metadata.labels?.[CHART_CRD_LABEL] !== 'true') return [];
  const object = chartCrdObject(composition, crd, present);
  if (present !== undefined && contains(present, object)) return [];
  return [
    {
      verb: 'own',
      kind: CRD,
      object,
      owner: 'true',
      ownerLabel: CHART_CRD_LABEL,
      uid: present?.metadata.uid,
    },
  ];
}

/** A write unless the object is as it should be. */
function ours(
  composition: ResourceComposition,
  kind: Kind,
  object: AnyObject,
  present: { metadata: AnyObject['metadata'] } | undefined,
): Write[] {
  if (present !== undefined && contains(present, object)) return [];
  return [own(composition, kind, object, present)];
}

function own(
  composition: ResourceComposition,
  kind: Kind,
  object: Revision | AnyObject,
  present: { metadata: AnyObject['metadata'] } | undefined,
): Write {
  const isOurs = present?.metadata.labels?.[SERVICE_UID_LABEL] === uidOf(composition);
  return {
    verb: 'own',
    kind,
    object,
    owner: uidOf(composition),
    ownerLabel: SERVICE_UID_LABEL,
    ...(isOurs ? { uid: present.metadata.uid } : {}),
  };
}
