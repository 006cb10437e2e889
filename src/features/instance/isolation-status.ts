import type { InstanceStatus } from '../../api/instance.ts';
import { INSTANCE_UID_LABEL, ISOLATION_LABEL, STORAGE_CLASSES_LABEL } from '../../api/names.ts';
import { LIMIT_RANGE, NETWORK_POLICY, RESOURCE_QUOTA, ROLE_BINDING } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import { LABELS_AT_TIMES } from './policies.ts';
import type { InstanceWorld } from './world.ts';

type Isolation = NonNullable<InstanceStatus['isolation']>;

const SECURITY_LABELS = ['enforce', 'enforce-version'].map((what) => `pod-security.kubernetes.io/${what}`);

/** Whether the namespace's labels are those of its policies, which the API server and admission policies go by. */
export function labelsHold({ metadata }: KubeObject, wanted: Readonly<Record<string, string>>): boolean {
  const keys = new Set([...Object.keys(wanted), ...LABELS_AT_TIMES]);
  return [...keys].every((key) => metadata.labels?.[key] === wanted[key]);
}

/**
 * What keeps the instance apart, and whether it is in force, as far as the operator sees it without asking: its own objects and labels.
 * Undefined while a release is being written. `tenantry isolation` looks at more, and tries it. Pure.
 */
export function isolationOf(
  world: Pick<InstanceWorld, 'inventory' | 'drifted' | 'namespace' | 'policies'>,
): Isolation | undefined {
  const { inventory, namespace, policies } = world;
  if (inventory?.release.phase !== 'done' || namespace === undefined || policies === undefined)
    return undefined;
  const holds = (...labels: readonly string[]): boolean =>
    labels.every((label) => namespace.metadata.labels?.[label] === policies.labels[label]);
  const asked = (label: string): boolean | undefined =>
    policies.labels[label] === undefined ? undefined : holds(label);
  const controls: Readonly<Record<keyof Isolation, boolean | undefined>> = {
    namespace: holds(INSTANCE_UID_LABEL),
    podSecurity: holds(...SECURITY_LABELS),
    quota: stand(world, RESOURCE_QUOTA),
    limits: stand(world, LIMIT_RANGE),
    networkPolicies: stand(world, NETWORK_POLICY),
    roleBindings: stand(world, ROLE_BINDING),
    storageClasses: asked(STORAGE_CLASSES_LABEL),
    strict: asked(ISOLATION_LABEL),
  };
  return Object.fromEntries(Object.entries(controls).filter(([, inForce]) => inForce !== undefined));
}

/** Whether all objects of a kind are as they were written; undefined where none is asked for. */
function stand(
  { inventory, drifted }: Pick<InstanceWorld, 'inventory' | 'drifted'>,
  { kind }: Kind,
): boolean | undefined {
  const mine = (inventory?.policies ?? []).filter((entry) => entry.kind.kind === kind);
  return mine.length === 0 ? undefined : !mine.some((entry) => drifted.includes(entry));
}
