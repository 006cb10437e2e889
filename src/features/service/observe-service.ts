import { serviceAccountName } from '../../api/instance.ts';
import { SERVICE_UID_LABEL } from '../../api/names.ts';
import type { ResourceComposition } from '../../api/resource-composition.ts';
import { REVISION, revisionsOf, type RevisionSpec } from '../../api/revision.ts';
import { CONFIG_MAP, CRD, SERVICE_ACCOUNT, type CustomResourceDefinition } from '../../kube/builtin-kinds.ts';
import type { Kind, ObjectRef } from '../../kube/kind.ts';
import type { AnyObject } from '../../kube/object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { Read } from '../../runtime/controller.ts';
import { ChartProblems, type ChartProblem } from './chart-problem.ts';
import type { ServiceDeps } from './dependencies.ts';
import { underCompanions } from './laid-over.ts';
import { observeRemoval } from './observe-removal.ts';
import { prepareChart, type ChartMemory } from './prepare-chart.ts';
import { recordObjects } from './service-objects.ts';
import { policiesOf, resourceOf } from './service-spec.ts';
import {
  kindPeriodFindings,
  ownMonitorFindings,
  nameFindings,
  ownPolicyFindings,
  sourceFindings,
} from './spec-findings.ts';
import { existingKey, type Existing, type PreparedChart, type ServiceWorld } from './world.ts';

/** Everything that a plan needs to know: all I/O of the controller. */
export async function observeService(
  composition: ResourceComposition,
  read: Read,
  deps: ServiceDeps,
  memory: ChartMemory,
): Promise<ServiceWorld> {
  const { namespace } = composition.metadata;
  const revisions = revisionsOf(read.stores.list(REVISION, namespace), composition.metadata.uid);
  // What was registered stays what it is, whatever the spec says now.
  const resource =
    revisions.at(-1)?.spec.resource ?? resourceOf(composition, deps.settings.operatorNamespace);
  const found = await read.live.find(CRD, { name: `${resource.plural}.${resource.group}` });
  const isOurs = found?.metadata.labels?.[SERVICE_UID_LABEL] === composition.metadata.uid;
  const base = {
    resource,
    revisions,
    crd: isOurs ? found : undefined,
    accountsNamespace: deps.settings.accountsNamespace,
    policies: policiesOf(underCompanions(composition, resource, read.stores)),
  };
  if (composition.metadata.deletionTimestamp !== undefined) {
    const removal = await observeRemoval(composition, { ...base, read });
    return { ...base, existing: new Map(), problems: [], removal };
  }
  const problems = [
    ...specProblems(composition, resource, deps),
    ...(isOurs ? [] : takenProblems(found, resource)),
  ];
  if (problems.length > 0) return { ...base, existing: new Map(), problems };
  try {
    const chart = await prepareChart(composition, {
      resource,
      current: revisions.at(-1),
      policies: base.policies,
      read,
      deps,
      memory,
    });
    const existing = await readExisting(composition, resource, chart, { read, deps });
    return { ...base, existing, problems: [], chart };
  } catch (error) {
    if (!(error instanceof ChartProblems)) throw error;
    return { ...base, existing: new Map(), problems: error.problems };
  }
}

/** What admission would have refused: it may have been down, or the object older than the installation. */
function specProblems(
  composition: ResourceComposition,
  resource: RevisionSpec['resource'],
  deps: ServiceDeps,
): ChartProblem[] {
  const { spec } = composition;
  const findings = [
    ...kindPeriodFindings(spec),
    ...nameFindings(spec),
    ...sourceFindings(spec),
    ...ownPolicyFindings(spec),
    ...ownMonitorFindings(spec),
  ];
  if (findings.length > 0)
    return findings.map(({ message }) => ({ reason: 'SpecInvalid', message: message.trim() }));
  if (deepEqual(resource, resourceOf(composition, deps.settings.operatorNamespace))) return [];
  return [{ reason: 'SpecInvalid', message: RESOURCE_FIXED }];
}

/** Also said by admission. */
export const RESOURCE_FIXED =
  'spec.newResource.resource: kind, group, version and plural can not change once the service is registered; delete the composition and create another';

function takenProblems(
  crd: CustomResourceDefinition | undefined,
  resource: RevisionSpec['resource'],
): ChartProblem[] {
  if (crd === undefined) return [];
  return [
    {
      reason: 'NameTaken',
      message: `${crd.metadata.name} exists already and does not belong to this composition; register ${resource.kind} under another plural or group, or delete what is there`,
    },
  ];
}

async function readExisting(
  composition: ResourceComposition,
  resource: RevisionSpec['resource'],
  chart: PreparedChart,
  { read, deps }: { readonly read: Read; readonly deps: ServiceDeps },
): Promise<Existing> {
  const { namespace } = composition.metadata;
  const wanted: (readonly [Kind, ObjectRef])[] = [
    [SERVICE_ACCOUNT, { namespace: deps.settings.accountsNamespace, name: serviceAccountName(resource) }],
    [CONFIG_MAP, { namespace, name: `${resource.kind.toLowerCase()}-usage` }],
    ...recordObjects(composition).map(
      ({ kind, object }) => [kind, { namespace, name: object.metadata.name }] as const,
    ),
    ...chart.crds.map((crd) => [CRD, { name: crd.metadata.name }] as const),
  ];
  const found = await Promise.all(
    wanted.map(
      async ([kind, ref]) =>
        [existingKey(kind, ref.name), await read.live.find<AnyObject>(asAny(kind), ref)] as const,
    ),
  );
  return new Map(found.flatMap(([key, object]) => (object === undefined ? [] : [[key, object] as const])));
}

/** The kind for reading plain JSON. */
function asAny(kind: Kind): Kind<AnyObject> {
  return {
    group: kind.group,
    version: kind.version,
    kind: kind.kind,
    plural: kind.plural,
    namespaced: kind.namespaced,
  };
}
