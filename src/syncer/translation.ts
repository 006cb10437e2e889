import type { Kind, ObjectRef } from '../kube/kind.ts';
import type { Service } from '../kube/builtin-kinds.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Tenant } from './tenant.ts';

/** What becomes of a tenant's object on the host. */
export type Translation<T extends KubeObject = KubeObject> =
  | { readonly is: 'object'; readonly object: T }
  /** It will not be there: each reason is a sentence in the tenant's words, told as an event. */
  | { readonly is: 'refused'; readonly reasons: readonly string[] }
  /** Something has to come first. */
  | { readonly is: 'waiting'; readonly reason: string };

/** What a translation may look at: read from memory, in the state the caller decided about. */
export interface Surroundings {
  readonly tenant: Tenant;
  /** The name on the host of one of the tenant's objects, there or to come. */
  hostName(kind: Kind, ref: ObjectRef): string;
  /** The name in the tenant's cluster of something on the host, of whatever kind; undefined if it is not the tenant's. */
  tenantName(hostName: string): ObjectRef | undefined;
  /** Labels of the tenant's namespace. */
  namespaceLabels(namespace: string): Readonly<Record<string, string>>;
  /** The tenant's namespaces. */
  namespaces(): readonly string[];
  /** Services of a namespace of the tenant, as the tenant sees them. */
  services(namespace: string): readonly Service[];
  /** Address of the tenant's name server; undefined while there is none. */
  readonly dnsAddress: string | undefined;
}

/** The tenant's words for a refusal: the field, why, and what to do. */
export function refusal(field: string, why: string, remedy: string): string {
  return `${field}: ${why}; ${remedy}.`;
}
