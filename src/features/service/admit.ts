import type { Instance } from '../../api/instance.ts';
import { FORCE_DELETE_LABEL } from '../../api/names.ts';
import type { CompositionSpec, ResourceComposition } from '../../api/resource-composition.ts';
import type { RevisionSpec } from '../../api/revision.ts';
import type { Kind } from '../../kube/kind.ts';
import { compareQuantities, parseQuantity, type Quantity } from '../../lib/quantity.ts';
import type { Finding } from '../../runtime/admission.ts';
import type { ChartProblem } from './chart-problem.ts';
import { RESOURCE_FIXED } from './observe-service.ts';
import { namesOf } from './plan-removal.ts';
import { permissionFile } from './rights.ts';
import {
  bad,
  kindPeriodFindings,
  ownMonitorFindings,
  nameFindings,
  ownPolicyFindings,
  sourceFindings,
} from './spec-findings.ts';

/** KubePlus's texts. */
export const NOT_A_PROVIDER = 'ResourceComposition instance can only be created by Provider.';
export const NOT_DELETED_BY_PROVIDER = 'ResourceComposition instance can only be deleted by Provider.';
export const NOT_READY = 'Error: Custom Resource instance cannot be deleted. It is not ready yet.';
export const STARTING_UP =
  'Error: ResourceComposition instance cannot be deleted. It has an application instance starting up.';

/** What is known when a composition is created or its spec changed. */
export interface WriteWorld {
  /** Whether the user may register services here. */
  readonly mayRegister: boolean;
  readonly operatorNamespace: string;
  /** Whether the namespace is the operator's or carries `managedby=kubeplus`. */
  readonly isProviderNamespace: boolean;
  readonly resource: RevisionSpec['resource'];
  /** What was registered before; undefined while nothing was. */
  readonly registered: RevisionSpec['resource'] | undefined;
  /** Kinds that are not this composition's own and can't be shared: see `foreignKinds`. */
  readonly taken: readonly Kind[];
  /** What is wrong with the chart; empty also where it could not be looked at in time. */
  readonly chart: readonly ChartProblem[];
  readonly capacity: Capacity;
  /** Whether the group is the namespace's own, or the user may create objects of the kind in it. */
  readonly mayUseGroup: boolean;
  /** Whether the user may let pods of services out of their containers. */
  readonly mayUnconfine: boolean;
  /** Secret named in `chart.secretRef` that the user may not read himself. */
  readonly unreadableSecret: string | undefined;
}

/** Sum over the nodes; undefined where no node tells. */
export interface Capacity {
  readonly cpu: Quantity | undefined;
  readonly memory: Quantity | undefined;
}

/** Everything that is wrong with a composition, in KubePlus's order. Pure. */
export function admitWrite(spec: CompositionSpec, world: WriteWorld): Finding[] {
  // Whoever may not register learns nothing else.
  if (!world.mayRegister) return [{ message: NOT_A_PROVIDER }];
  const { resource, registered } = world;
  const missingUpload = world.chart.filter(isMissingUpload);
  const others = world.chart.filter((problem) => !isMissingUpload(problem));
  return [
    ...kindPeriodFindings(spec),
    ...missingUpload.map(({ message }) => ({ message })),
    ...(world.isProviderNamespace ? [] : [{ message: wrongNamespace(world.operatorNamespace) }]),
    ...nameFindings(spec),
    ...(registered === undefined
      ? takenFindings(resource, world.taken)
      : fixedFindings(resource, registered)),
    ...sourceFindings(spec),
    ...others.map(({ message }) => chartFinding(message)),
    ...ownPolicyFindings(spec),
    ...ownMonitorFindings(spec),
    ...rightsFindings(spec, world),
    ...capacityFindings(spec, world.capacity),
  ];
}

/** What a provider does with instances of an own kind. */
const KIND_VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];

/** What a provider may ask for only with rights of his own: the operator would else lend him its. */
function rightsFindings({ policies }: CompositionSpec, world: WriteWorld): Finding[] {
  const found: Finding[] = [];
  if (!world.mayUseGroup && world.registered === undefined) {
    const { group, plural } = world.resource;
    const file = permissionFile([{ apiGroups: [group], resources: [plural], verbs: KIND_VERBS }]);
    found.push(
      bad(
        'spec.newResource.resource.group',
        `${group} is not this namespace's own, and the first in a group has the name: leave the group out, or have the cluster's owner grant you the kind by provider-kubeconfig.py update with this file\n${file}`,
      ),
    );
  }
  if (policies?.podSecurity === 'privileged' && !world.mayUnconfine) {
    const right = 'the verb unconfine on resourcecompositions.workflows.kubeplus in this namespace';
    found.push(
      bad(
        'spec.policies.podSecurity',
        `privileged pods are root on their nodes; the cluster's owner grants it by ${right}`,
      ),
    );
  }
  if (world.unreadableSecret !== undefined) {
    found.push(
      bad(
        'spec.newResource.chart.secretRef',
        `you may not read Secret ${world.unreadableSecret} yourself, so the operator does not send what it holds to the chart's host in your name`,
      ),
    );
  }
  return found;
}

function isMissingUpload({ reason, message }: ChartProblem): boolean {
  return reason === 'ChartNotFound' && message.startsWith('Chart /');
}

function wrongNamespace(operatorNamespace: string): string {
  return `ResourceComposition instance should be created in the same Namespace as KubePlus Namespace (${operatorNamespace})`;
}

function takenFindings(resource: RevisionSpec['resource'], taken: readonly Kind[]): Finding[] {
  const found: Finding[] = [];
  if (taken.some(({ kind }) => kind === resource.kind)) {
    found.push({ message: `Resource with Kind Name ${resource.kind} exists in the cluster.` });
  }
  if (taken.some(({ plural }) => plural === resource.plural)) {
    found.push({ message: `Resource with Plural Name ${resource.plural} exists in the cluster.` });
  }
  return found;
}

function fixedFindings(resource: RevisionSpec['resource'], registered: RevisionSpec['resource']): Finding[] {
  const keys = ['kind', 'group', 'version', 'plural'] as const;
  const isSame = keys.every((key) => resource[key] === registered[key]);
  return isSame ? [] : [{ field: 'spec.newResource.resource', message: RESOURCE_FIXED }];
}

/** KubePlus's own texts stand as they are, and so does what follows one of them; ours begin with a field. */
export function chartFinding(message: string): Finding {
  const standsAlone =
    /^(?:KubePlus does not|The cluster's owner grants|Storage class with| Namespace object)/.test(message);
  if (standsAlone) return { message };
  const field = /^(?:spec|metadata)\.[\w.[\]]+(?=:)/.exec(message)?.[0];
  return field === undefined ? bad('spec.newResource.chartURL', message) : { field, message };
}

const MEBI = 2n ** 20n;
const NANO = 1_000_000_000n;

/** More than all nodes together can never be scheduled. Limits may exceed it: nodes overcommit them. */
function capacityFindings(spec: CompositionSpec, capacity: Capacity): Finding[] {
  const quota = spec.respolicy?.spec?.policy?.quota;
  const found: Finding[] = [];
  const milli = (quantity: Quantity): bigint => quantity.nano / (NANO / 1000n);
  const mebi = (quantity: Quantity): bigint => quantity.nano / NANO / MEBI;
  const compare = (word: string, key: 'cpu' | 'memory', unit: (quantity: Quantity) => bigint): void => {
    const [request, limit] = [
      parseQuantity(quota?.[`requests.${key}`] ?? ''),
      parseQuantity(quota?.[`limits.${key}`] ?? ''),
    ];
    const total = capacity[key];
    if (request === undefined || limit === undefined || total === undefined) return;
    if (compareQuantities(request, total) <= 0) return;
    found.push({
      message: `Specified ${word} quota values are more than ${word} capacity: ${unit(request)} ${unit(limit)} - ${unit(total)}`,
    });
  };
  compare('CPU', 'cpu', milli);
  compare('Memory', 'memory', mebi);
  return found;
}

/** What is known when a composition is to be deleted. */
export interface DeleteWorld {
  readonly mayRegister: boolean;
  readonly instances: readonly Instance[];
}

/** Why a composition may not be deleted. Pure. */
export function admitDelete(composition: ResourceComposition, world: DeleteWorld): Finding[] {
  if (!world.mayRegister) return [{ message: NOT_DELETED_BY_PROVIDER }];
  const isForced = composition.metadata.labels?.[FORCE_DELETE_LABEL] !== undefined;
  const found: Finding[] = [];
  if (composition.spec.deletionProtection === true) {
    found.push(bad('spec.deletionProtection', 'the service is protected; set it to false first'));
  }
  if (!isForced && composition.status === undefined) found.push({ message: NOT_READY });
  if (!isForced && world.instances.some(({ status }) => status === undefined))
    found.push({ message: STARTING_UP });
  const kept = world.instances.filter(({ tenantry }) => !isForced || tenantry?.deletionProtection === true);
  if (kept.length > 0) {
    const remedy = isForced
      ? 'they are protected (tenantry.deletionProtection)'
      : `delete them first, or delete everything with the label ${FORCE_DELETE_LABEL}=true on the composition`;
    found.push({ message: `The service has instances: ${namesOf(kept)}; ${remedy}.` });
  }
  return found;
}

/**
 * Kinds that a new registration may not double: those of other APIs, as in KubePlus, since `kubectl get <kind>` would be
 * ambiguous; but not services of other providers in groups of their own, which never stop each other.
 */
export function foreignKinds(
  resource: RevisionSpec['resource'],
  served: readonly Kind[],
  services: readonly Kind[],
): Kind[] {
  const isService = (kind: Kind): boolean =>
    services.some((service) => service.group === kind.group && service.plural === kind.plural);
  return served.filter((kind) => kind.group === resource.group || !isService(kind));
}
