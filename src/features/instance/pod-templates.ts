import type { AnyObject } from '../../kube/object.ts';
import { isMap } from '../../lib/narrow.ts';

/** Requests or limits as charts write them: quantities may be numbers. */
export type ResourceList = Readonly<Record<string, string | number>>;

export interface ContainerSpec {
  readonly name?: string;
  /** `Always` makes an init container a sidecar. */
  readonly restartPolicy?: string;
  readonly terminationMessagePolicy?: string;
  readonly imagePullPolicy?: string;
  readonly resources?: {
    readonly requests?: ResourceList | null;
    readonly limits?: ResourceList | null;
  } | null;
}

/** The fields of a pod that we look at; others are passed through. */
export interface PodSpec {
  readonly containers?: readonly ContainerSpec[] | null;
  readonly initContainers?: readonly ContainerSpec[] | null;
  readonly nodeSelector?: Readonly<Record<string, string>> | null;
  readonly tolerations?: readonly unknown[] | null;
  readonly nodeName?: string;
  readonly runtimeClassName?: string;
  readonly affinity?: {
    readonly nodeAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: {
        readonly nodeSelectorTerms?: readonly { readonly matchFields?: readonly unknown[] }[];
      } | null;
    } | null;
    readonly podAntiAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly unknown[] | null;
    } | null;
  } | null;
}

export interface PodTemplate {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> | null } | null;
  readonly spec?: PodSpec | null;
}

/** Kinds with a pod template and where it stands. A Pod is its own template. */
const TEMPLATE_PATHS: Readonly<Record<string, readonly string[]>> = {
  '/Pod': [],
  '/ReplicationController': ['spec', 'template'],
  'apps/Deployment': ['spec', 'template'],
  'apps/StatefulSet': ['spec', 'template'],
  'apps/DaemonSet': ['spec', 'template'],
  'apps/ReplicaSet': ['spec', 'template'],
  'batch/Job': ['spec', 'template'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
};

type Map = Readonly<Record<string, unknown>>;

function pathOf({ apiVersion, kind }: AnyObject): readonly string[] | undefined {
  const slash = apiVersion.indexOf('/');
  return TEMPLATE_PATHS[`${slash < 0 ? '' : apiVersion.slice(0, slash)}/${kind}`];
}

/** The pod template of an object; undefined for kinds that run no pods. */
export function podTemplateOf(object: AnyObject): PodTemplate | undefined {
  const path = pathOf(object);
  if (path === undefined) return undefined;
  let value: unknown = object;
  for (const key of path) value = isMap(value) ? value[key] : undefined;
  // What a chart writes there is a pod template or is refused by the API server; every field is optional here.
  return isMap(value) ? value : undefined;
}

/** A copy of the object with its pod template changed; the object itself where it has none. */
export function mapPodTemplate(object: AnyObject, change: (template: PodTemplate) => PodTemplate): AnyObject {
  const path = pathOf(object);
  if (path === undefined || podTemplateOf(object) === undefined) return object;
  // `replaceAt` changes a nested field only: apiVersion, kind and metadata stay.
  return replaceAt(object, path, change) as AnyObject;
}

/** Changes every container of a template, init containers included. */
export function mapContainers(
  template: PodTemplate,
  change: (container: ContainerSpec, init: boolean) => ContainerSpec,
): PodTemplate {
  const spec = template.spec ?? {};
  return {
    ...template,
    spec: {
      ...spec,
      ...(spec.containers ? { containers: spec.containers.map((one) => change(one, false)) } : {}),
      ...(spec.initContainers ? { initContainers: spec.initContainers.map((one) => change(one, true)) } : {}),
    },
  };
}

function replaceAt(value: unknown, path: readonly string[], change: (value: Map) => unknown): unknown {
  if (!isMap(value)) return value;
  const [key, ...rest] = path;
  return key === undefined ? change(value) : { ...value, [key]: replaceAt(value[key], rest, change) };
}
