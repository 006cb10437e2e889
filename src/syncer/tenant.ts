import type { OwnerReference } from '../kube/object.ts';

/** What one virtual cluster is to the syncer: names, and what its plan lets through to the host. */
export interface Tenant {
  /** The virtual cluster's name: the last part of every name on the host. */
  readonly name: string;
  /** The namespace of the host where everything of the tenant lives. */
  readonly hostNamespace: string;
  /** The object on the host whose end ends all of it; none while it is not known. */
  readonly owner?: OwnerReference | undefined;
  /** ServiceAccount of the host that pods run as. It has no rights; a tenant's own tokens are their own cluster's. */
  readonly workloadServiceAccount: string;
  /** The tenant's domain: `cluster.local`. */
  readonly clusterDomain: string;
  readonly rules: TenantRules;
}

/** What a tenant's pods and objects may ask of the host. Everything else is refused, in words. */
export interface TenantRules {
  readonly privileged: boolean;
  readonly hostPath: boolean;
  /** Network, process and IPC namespaces of the node, and ports of it. */
  readonly hostNamespaces: boolean;
  readonly hostPorts: boolean;
  /** Choose the node by name, past the host's scheduler. */
  readonly nodeName: boolean;
  /** Classes that may be named; undefined: all. */
  readonly storageClasses?: readonly string[] | undefined;
  readonly ingressClasses?: readonly string[] | undefined;
  readonly runtimeClasses?: readonly string[] | undefined;
  readonly priorityClasses?: readonly string[] | undefined;
  /** Claim a volume of the host by its name or labels. */
  readonly volumeName: boolean;
  readonly externalIps: boolean;
  /** What the baseline profile of Pod Security forbids in a security context: capabilities, unconfined profiles, sysctls. */
  readonly beyondBaseline: boolean;
}

/** What a tenant may ask for unless the plan says more: nothing that reaches the node or another tenant. */
export const STRICT_RULES: TenantRules = {
  privileged: false,
  hostPath: false,
  hostNamespaces: false,
  hostPorts: false,
  nodeName: false,
  runtimeClasses: [],
  priorityClasses: [],
  volumeName: false,
  externalIps: false,
  beyondBaseline: false,
};
