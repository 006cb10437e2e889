import { shortHash } from '../lib/hash.ts';
import type { Condition, Json, KubeObject } from '../kube/object.ts';
import { SERVICE_CLUSTER_ROLE_PREFIX } from './names.ts';

/** Our own part of a generated kind, beside `spec` (which holds the chart's values and nothing else). */
export interface InstanceSettings {
  /** Deleting is refused while true. */
  readonly deletionProtection?: boolean;
  /** Values from Secrets of the instance object's namespace, merged over `spec` in order. */
  readonly valuesFrom?: readonly { readonly secretName: string; readonly key?: string }[];
  /** Namespaces of other instances that traffic is agreed with, and the UIDs of these instances: names are taken again, UIDs are not. */
  readonly trafficWith?: Readonly<Record<string, string>>;
  /** The release that it took over; it says where the instance lives, so it stays once that namespace is the instance's. */
  readonly adopted?: AdoptedRelease;
}

/**
 * A Helm release that an instance takes over where it stands, instead of installing one. It names what is meant and gives no right to it:
 * the namespace must be handed over by somebody who may (its label with the instance's UID).
 */
export interface AdoptedRelease {
  readonly namespace: string;
  readonly release: string;
  /** Helm's number of the release that was looked at. */
  readonly revision: number;
  /** Digest of what that release holds: another one under the number is not taken. */
  readonly content: string;
}

/** What of an instance's isolation its status tells. */
export const ISOLATION_CONTROLS = [
  'namespace',
  'podSecurity',
  'quota',
  'limits',
  'networkPolicies',
  'roleBindings',
  'storageClasses',
  'strict',
] as const;

export interface InstanceStatus {
  readonly conditions?: readonly Condition[];
  readonly observedGeneration?: number;
  /** As KubePlus fills it: `<namespace>:<release>\n<notes>`, or the same with `Error: …`. Written by us only, read by us never. */
  readonly helmrelease?: string;
  readonly error?: string;
  /** Namespace of the release. */
  readonly namespace?: string;
  /** Name of the Revision that runs. */
  readonly revision?: string;
  /** Chart version that runs. */
  readonly version?: string;
  /** Helm's release number. */
  readonly release?: number;
  /** Controls that service and plan ask for, and whether each is in force. */
  readonly isolation?: Readonly<Partial<Record<(typeof ISOLATION_CONTROLS)[number], boolean>>>;
  /** How to reach it, where that can be told from Services and Ingresses. */
  readonly url?: string;
}

/** An object of a generated kind. */
export interface Instance extends KubeObject {
  readonly spec?: Readonly<Record<string, Json>>;
  readonly tenantry?: InstanceSettings;
  readonly status?: InstanceStatus;
}

/**
 * Hex digits in the names that carry rights: 128 bits. Whoever registers a service chooses group and kind; with a short hash he could try
 * some until they come out as the name that somebody else's rights were granted to.
 */
const RIGHTS_HASH = 32;

/** Name of the ServiceAccount that writes the objects of a service's charts; lives in the namespace of the services' accounts. */
export function serviceAccountName(resource: { readonly group: string; readonly kind: string }): string {
  return `${resource.kind.toLowerCase()}-${shortHash(`${resource.group}/${resource.kind}`, RIGHTS_HASH)}`;
}

/** Name of the ClusterRole with what a service's charts need beyond `tenantry-instance`. */
export function serviceClusterRoleName(resource: { readonly group: string; readonly kind: string }): string {
  return `${SERVICE_CLUSTER_ROLE_PREFIX}${shortHash(`${resource.group}/${resource.kind}`, RIGHTS_HASH)}`;
}

/**
 * Name of the ClusterRole with what was granted to all services of a provider's namespace together. No group holds a space, so no service's
 * own role is called so.
 */
export function providerClusterRoleName(namespace: string): string {
  return `${SERVICE_CLUSTER_ROLE_PREFIX}${shortHash(`services of ${namespace}`, RIGHTS_HASH)}`;
}
