import { POD, type Pod } from '../../kube/builtin-kinds.ts';
import type { Deed } from '../deed.ts';
import { scrub } from '../scrub.ts';
import { statusPatch } from '../status-patch.ts';
import type { Surroundings } from '../translation.ts';

type Status = NonNullable<Pod['status']>;
type ContainerStatus = NonNullable<Status['containerStatuses']>[number];
type Condition = NonNullable<Status['conditions']>[number];

/** What each API server decides for itself, or what names things of the host alone. */
const OWN_FIELDS = ['qosClass', 'observedGeneration', 'resourceClaimStatuses', 'extendedResourceClaimStatus'];

/** Tells the tenant's pod what the host's says of itself. */
export function podStatusBack(tenant: Pod, host: Pod, around: Surroundings): readonly Deed[] {
  if (host.status === undefined) return [];
  return statusPatch(POD, tenant, podStatus(tenant, host.status, around), OWN_FIELDS);
}

/** The status of a tenant's pod: of its own containers only, with its own readiness gates, in its own words. */
export function podStatus(tenant: Pod, host: Status, around: Surroundings): Status {
  const { spec, metadata } = tenant;
  const said = (text: string): string => scrub(text, around, metadata.namespace);
  const kept = (
    statuses: readonly ContainerStatus[] | undefined,
    own: readonly { readonly name: string }[] | undefined,
  ): readonly ContainerStatus[] | undefined => {
    const names = new Set(own?.map(({ name }) => name));
    const ours = statuses?.filter(({ name }) => names.has(name)).map((one) => containerStatus(one, said));
    return ours?.length === 0 ? undefined : ours;
  };
  const result = {
    ...host,
    message: host.message === undefined ? undefined : said(host.message),
    conditions: conditions(tenant, host.conditions ?? [], said),
    containerStatuses: kept(host.containerStatuses, spec?.containers),
    initContainerStatuses: kept(host.initContainerStatuses, spec?.initContainers),
    ephemeralContainerStatuses: kept(host.ephemeralContainerStatuses, spec?.ephemeralContainers),
  };
  return Object.fromEntries(Object.entries(result).filter(([, value]) => value !== undefined));
}

function containerStatus(status: ContainerStatus, said: (text: string) => string): ContainerStatus {
  const state = <S extends ContainerStatus['state']>(given: S): S => {
    if (given === undefined) return given;
    const { waiting, terminated } = given;
    return {
      ...given,
      ...(waiting?.message === undefined ? {} : { waiting: { ...waiting, message: said(waiting.message) } }),
      ...(terminated?.message === undefined
        ? {}
        : { terminated: { ...terminated, message: said(terminated.message) } }),
    };
  };
  return {
    ...status,
    ...(status.state === undefined ? {} : { state: state(status.state) }),
    ...(status.lastState === undefined ? {} : { lastState: state(status.lastState) }),
  };
}

function conditions(
  tenant: Pod,
  host: readonly Condition[],
  said: (text: string) => string,
): readonly Condition[] {
  const gates = gatesOf(tenant);
  const own = (tenant.status?.conditions ?? []).filter(({ type }) => gates.has(type));
  const theirs = host
    .filter(({ type }) => !own.some((one) => one.type === type))
    .map((condition) => {
      // In newer versions only; the tenant's generations are others.
      const { observedGeneration: _generation, ...rest } = condition as Condition & {
        observedGeneration?: number;
      };
      return rest.message === undefined ? rest : { ...rest, message: said(rest.message) };
    });
  return [...theirs, ...own];
}

function gatesOf({ spec }: Pod): ReadonlySet<string> {
  return new Set((spec?.readinessGates ?? []).map(({ conditionType }) => conditionType));
}

/** Readiness gates are set by controllers of the tenant, and count on the host. */
export function readinessForward(tenant: Pod, host: Pod): readonly Deed[] {
  const gates = gatesOf(tenant);
  const changed = (tenant.status?.conditions ?? []).filter(({ type, status }) => {
    const there = host.status?.conditions?.find((one) => one.type === type);
    return gates.has(type) && there?.status !== status;
  });
  if (changed.length === 0) return [];
  const { namespace, name, uid } = host.metadata;
  return [
    {
      do: 'patch',
      on: 'host',
      kind: POD,
      ref: { namespace, name },
      type: 'strategic',
      body: { metadata: { uid }, status: { conditions: changed } },
      subresource: 'status',
    },
  ];
}
