import type { Quota } from '../../api/revision.ts';
import type { AnyObject } from '../../kube/object.ts';
import { formatQuantity, parseQuantity } from '../../lib/quantity.ts';
import {
  mapContainers,
  mapPodTemplate,
  podTemplateOf,
  type ContainerSpec,
  type PodTemplate,
} from './pod-templates.ts';

/*
 * A quota on cpu or memory makes the API server refuse pods that do not name them. What containers lack is therefore
 * filled in, from the quota:
 *
 *   share = (quota − what is declared) ÷ containers that lack it
 *
 * counted over all replicas of the chart's pods, plus one more of the largest pod (a rolling update runs it beside the
 * old one), plus the largest hook (hooks run one at a time). A limit is at least the container's request, so a container
 * with a large request takes more than a share and the others less. A request is at most the limit and at most
 * REQUEST_CAP: requests reserve a node's capacity, and a quota says what may be used, not what is. Nothing declared is
 * changed. If the declared ones alone exceed the quota, the smallest values are filled in and the API server says so.
 */

const CPU = 'cpu';
const MEMORY = 'memory';
type Resource = typeof CPU | typeof MEMORY;
type Part = 'requests' | 'limits';

const MILLI = 1_000_000n;
const MI = 1024n * 1024n * 1_000_000_000n;
/** Values are rounded down to these: no 333333333n and no odd bytes in what people read. */
const STEP: Readonly<Record<Resource, bigint>> = { cpu: MILLI, memory: MI };
/** What a container gets at least; less starts hardly anything. */
const LEAST: Readonly<Record<Resource, bigint>> = { cpu: 10n * MILLI, memory: 16n * MI };
/** What is requested for a container at most if the chart does not say. */
const REQUEST_CAP: Readonly<Record<Resource, bigint>> = { cpu: 100n * MILLI, memory: 128n * MI };
/** Part of the quota that a container from outside the chart gets by the LimitRange: eight such fit. */
const NET_PARTS = 8n;

/** Billionths of cores and bytes, by part and resource. */
type Amounts = Readonly<Record<Part, Readonly<Record<Resource, bigint>>>>;

/** Fills in what the containers of a chart's objects and hooks lack; objects come back in order, others unchanged. */
export function fillResources(
  objects: readonly AnyObject[],
  hooks: readonly AnyObject[],
  quota: Quota | undefined,
): { readonly objects: readonly AnyObject[]; readonly hooks: readonly AnyObject[] } {
  const limits = quota === undefined ? undefined : readQuota(quota);
  if (limits === undefined) return { objects, hooks };
  const pods = weighedPods(objects, hooks);
  const share: Amounts = {
    requests: {
      cpu: shareOf(pods, limits, 'requests', CPU),
      memory: shareOf(pods, limits, 'requests', MEMORY),
    },
    limits: { cpu: shareOf(pods, limits, 'limits', CPU), memory: shareOf(pods, limits, 'limits', MEMORY) },
  };
  const fill = (object: AnyObject): AnyObject => mapPodTemplate(object, (pod) => fillPod(pod, share));
  return { objects: objects.map(fill), hooks: hooks.map(fill) };
}

/** Defaults of the LimitRange: a net for pods that do not come from the chart. Undefined for a quota that can't be read. */
export function netDefaults(
  quota: Quota,
): { readonly requests: Record<Resource, string>; readonly limits: Record<Resource, string> } | undefined {
  const read = readQuota(quota);
  if (read === undefined) return undefined;
  const part = (resource: Resource, of: Part): bigint =>
    atLeast(resource, round(resource, read[of][resource] / NET_PARTS));
  const request = (resource: Resource): string =>
    write(resource, smallest(part(resource, 'requests'), REQUEST_CAP[resource], part(resource, 'limits')));
  const limit = (resource: Resource): string => write(resource, part(resource, 'limits'));
  return {
    requests: { cpu: request(CPU), memory: request(MEMORY) },
    limits: { cpu: limit(CPU), memory: limit(MEMORY) },
  };
}

interface WeighedPod {
  readonly template: PodTemplate;
  /** How many of it run at the same time. */
  readonly weight: bigint;
}

function weighedPods(objects: readonly AnyObject[], hooks: readonly AnyObject[]): readonly WeighedPod[] {
  const pods = objects.flatMap((object) => {
    const template = podTemplateOf(object);
    return template === undefined ? [] : [{ template, weight: replicasOf(object, objects) }];
  });
  const surge = largest(pods.map((pod) => pod.template));
  const hook = largest(hooks.flatMap((object) => podTemplateOf(object) ?? []));
  const extra = [surge, hook].flatMap((template) =>
    template === undefined ? [] : [{ template, weight: 1n }],
  );
  return [...pods, ...extra];
}

/** The pod with the most containers; of equals the first. */
function largest(templates: readonly PodTemplate[]): PodTemplate | undefined {
  const size = (template: PodTemplate): number => running(template).length;
  return templates.reduce<PodTemplate | undefined>(
    (best, one) => (best === undefined || size(one) > size(best) ? one : best),
    undefined,
  );
}

function replicasOf(object: AnyObject, all: readonly AnyObject[]): bigint {
  // The fields of workloads that say how many pods run; each may be missing.
  const spec = (object['spec'] ?? {}) as { readonly replicas?: unknown; readonly parallelism?: unknown };
  const scaler = all.find((other) => scales(other, object));
  const most = (scaler?.['spec'] as { readonly maxReplicas?: unknown } | undefined)?.maxReplicas ?? 0;
  const count = object.kind === 'Job' ? (spec.parallelism ?? 1) : (spec.replicas ?? 1);
  return BigInt(Math.max(0, wholeOf(count), wholeOf(most)));
}

/** A chart may write anything; what is no number counts as none, and the API server refuses it later. */
function wholeOf(value: unknown): number {
  const whole = Math.trunc(Number(value));
  return Number.isSafeInteger(whole) ? whole : 0;
}

function scales(scaler: AnyObject, object: AnyObject): boolean {
  if (scaler.kind !== 'HorizontalPodAutoscaler') return false;
  const target = (scaler['spec'] as { scaleTargetRef?: { kind?: string; name?: string } } | undefined)
    ?.scaleTargetRef;
  return target?.kind === object.kind && target.name === object.metadata.name;
}

/** Containers that run at the same time: all but init containers, sidecars included. */
function running(template: PodTemplate): readonly ContainerSpec[] {
  const sidecars = (template.spec?.initContainers ?? []).filter(isSidecar);
  return [...(template.spec?.containers ?? []), ...sidecars];
}

function isSidecar(container: ContainerSpec): boolean {
  return container.restartPolicy === 'Always';
}

/** The share by filling up: containers whose least value is above an equal share are taken out until none is. */
function shareOf(pods: readonly WeighedPod[], quota: Amounts, part: Part, resource: Resource): bigint {
  let budget = quota[part][resource];
  let lacking: { readonly weight: bigint; readonly floor: bigint }[] = [];
  for (const { template, weight } of pods) {
    let declared = 0n;
    const before = lacking.length;
    for (const container of running(template)) {
      const value = declaredOf(container, part, resource);
      if (value === undefined) lacking.push({ weight, floor: floorOf(container, part, resource) });
      declared += value ?? 0n;
    }
    // Init containers get what the others have together, and the least where that is less.
    const isLeast = lacking.length === before && initLacks(template, part, resource);
    const together = isLeast ? atLeast(resource, declared) : declared;
    budget -= weight * largerOf(together, largestInit(template, part, resource));
  }
  for (;;) {
    const count = lacking.reduce((sum, one) => sum + one.weight, 0n);
    const share = count === 0n ? budget : budget / count;
    const above = lacking.filter((one) => one.floor > share && one.weight > 0n);
    if (above.length === 0 || count === 0n) return atLeast(resource, round(resource, share));
    budget -= above.reduce((sum, one) => sum + one.weight * one.floor, 0n);
    lacking = lacking.filter((one) => !above.includes(one));
  }
}

function floorOf(container: ContainerSpec, part: Part, resource: Resource): bigint {
  return part === 'limits' ? (declaredOf(container, 'requests', resource) ?? 0n) : 0n;
}

function initLacks(template: PodTemplate, part: Part, resource: Resource): boolean {
  const alone = (template.spec?.initContainers ?? []).filter((container) => !isSidecar(container));
  return alone.some((container) => declaredOf(container, part, resource) === undefined);
}

function largestInit(template: PodTemplate, part: Part, resource: Resource): bigint {
  return (template.spec?.initContainers ?? [])
    .filter((container) => !isSidecar(container))
    .map((container) => declaredOf(container, part, resource) ?? floorOf(container, part, resource))
    .reduce(largerOf, 0n);
}

function fillPod(template: PodTemplate, share: Amounts): PodTemplate {
  const filled = mapContainers(template, (container, init) =>
    init && !isSidecar(container) ? container : fillContainer(container, share),
  );
  // An init container runs before the others and alone: with what they have together it never raises what the pod needs.
  const together = sumOf(filled.spec?.containers ?? []);
  return mapContainers(filled, (container, init) =>
    init && !isSidecar(container) ? fillContainer(container, together) : container,
  );
}

function sumOf(containers: readonly ContainerSpec[]): Amounts {
  const sum = (part: Part, resource: Resource): bigint =>
    atLeast(
      resource,
      containers.reduce((total, one) => total + (declaredOf(one, part, resource) ?? 0n), 0n),
    );
  return {
    requests: { cpu: sum('requests', CPU), memory: sum('requests', MEMORY) },
    limits: { cpu: sum('limits', CPU), memory: sum('limits', MEMORY) },
  };
}

function fillContainer(container: ContainerSpec, share: Amounts): ContainerSpec {
  const { requests, limits } = container.resources ?? {};
  const filled = { requests: { ...requests }, limits: { ...limits } };
  for (const resource of [CPU, MEMORY] as const) {
    const request = declaredOf(container, 'requests', resource);
    const limit =
      declaredOf(container, 'limits', resource) ?? largerOf(share.limits[resource], request ?? 0n);
    if (filled.limits[resource] === undefined) filled.limits[resource] = write(resource, limit);
    if (filled.requests[resource] === undefined) {
      filled.requests[resource] = write(
        resource,
        smallest(share.requests[resource], REQUEST_CAP[resource], limit),
      );
    }
  }
  return { ...container, resources: { ...container.resources, ...filled } };
}

function declaredOf(container: ContainerSpec, part: Part, resource: Resource): bigint | undefined {
  const value = container.resources?.[part]?.[resource];
  return value === undefined ? undefined : (parseQuantity(value)?.nano ?? 0n);
}

function readQuota(quota: Quota): Amounts | undefined {
  const values = [
    quota['requests.cpu'],
    quota['requests.memory'],
    quota['limits.cpu'],
    quota['limits.memory'],
  ];
  const [rc, rm, lc, lm] = values.map((value) => parseQuantity(value)?.nano);
  if (rc === undefined || rm === undefined || lc === undefined || lm === undefined) return undefined;
  return { requests: { cpu: rc, memory: rm }, limits: { cpu: lc, memory: lm } };
}

function write(resource: Resource, nano: bigint): string {
  return formatQuantity({ nano, form: resource === CPU ? 'decimal' : 'binary' });
}

function round(resource: Resource, nano: bigint): bigint {
  return nano - (nano % STEP[resource]);
}

function atLeast(resource: Resource, nano: bigint): bigint {
  return largerOf(nano, LEAST[resource]);
}

function largerOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function smallest(...values: readonly bigint[]): bigint {
  return values.reduce((least, value) => (value < least ? value : least));
}
