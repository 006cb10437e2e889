import type { Kind } from '../kube/kind.ts';
import type { Condition, Json, KubeObject } from '../kube/object.ts';
import { SERVICE_UID_LABEL, TENANTRY_GROUP } from './names.ts';
import type { PodControls } from './pod-controls.ts';
import type { QuotaCounts } from './quota-counts.ts';

/** rbac/v1 PolicyRule. */
export interface PolicyRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** The four literal quota keys of KubePlus: all or none. Kubernetes quantities. */
export interface Quota {
  readonly 'requests.cpu': string;
  readonly 'requests.memory': string;
  readonly 'limits.cpu': string;
  readonly 'limits.memory': string;
}

/** What every instance of a revision gets around its release; resolved from the composition, defaults filled in. */
export interface ServicePolicies extends PodControls {
  readonly quota?: Quota;
  /** What else the ResourceQuota counts. */
  readonly counts?: QuotaCounts;
  /** Every control of the multi-tenancy benchmarks; absent: the default. */
  readonly isolation?: 'strict';
  readonly podSecurity: 'privileged' | 'baseline' | 'restricted';
  /** Missing requests and limits are filled in so that pods pass the quota. */
  readonly fillResources: boolean;
  /** `default`: own namespace, DNS, public addresses. `closed`: own namespace and DNS. `all`: no egress rule. */
  readonly egress: 'default' | 'closed' | 'all';
  /** Requests and limits set on every container, as KubePlus's podconfig promised. */
  readonly podResources?: {
    readonly requests?: Readonly<Record<string, string>>;
    readonly limits?: Readonly<Record<string, string>>;
  };
  /** The operator asks the pods for metrics of their own, which it must be let in for. */
  readonly monitored?: true;
  /** Cluster-scoped kinds the composition allows, as `group/Kind` (`Kind` for the core group). */
  readonly allowedClusterKinds: readonly string[];
}

/** What an instance under strict isolation may use where nobody says: a small application with its database. */
export const STRICT_QUOTA: Quota = {
  'requests.cpu': '2',
  'requests.memory': '4Gi',
  'limits.cpu': '4',
  'limits.memory': '8Gi',
};

/** What one instance gets: the policies of its service under the plan of its tenant. */
export interface InstancePolicies extends ServicePolicies {
  /** Storage classes that claims may name; absent: all. */
  readonly storageClasses?: readonly string[];
}

export interface RevisionSpec {
  readonly composition: { readonly name: string; readonly uid: string };
  /** Counts up from 1 within a composition. */
  readonly number: number;
  readonly resource: {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
    readonly plural: string;
  };
  readonly chart: {
    readonly name: string;
    readonly version: string;
    readonly appVersion: string;
    /** SHA-256 (hex) of the archive; every instance runs exactly these bytes (invariant 3). */
    readonly digest: string;
    /** Bytes of the archive. */
    readonly size: number;
    /** Names of the immutable Secrets in the revision's namespace that hold the archive, in order. */
    readonly chunks: readonly string[];
  };
  /** Merged over the chart's defaults and under the instance's spec. */
  readonly providerValues: Readonly<Record<string, Json>>;
  /** The chart's values.schema.json, checked in admission with ajv (`null` where the chart has none). */
  readonly valuesSchema: Json;
  readonly policies: ServicePolicies;
  /** Kinds the chart was seen to render at registration; an instance may not render others (KindNotAllowed) unless namespaced and covered by `rules`. */
  readonly kinds: readonly {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespaced: boolean;
  }[];
  /** Rights beyond ClusterRole `tenantry-instance` that the service's account needs; empty where that suffices. */
  readonly rules: readonly PolicyRule[];
  /** ClusterRoles that give them; absent in revisions of earlier versions, where it was the service's own. */
  readonly roles?: readonly string[];
}

/** One state of a service. Immutable; lives beside its composition; instances name the one they run. */
export interface Revision extends KubeObject {
  readonly spec: RevisionSpec;
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** A revision as one instance runs it. */
export interface InstanceRevision extends Revision {
  readonly spec: RevisionSpec & { readonly policies: InstancePolicies };
}

export const REVISION: Kind<Revision> = {
  group: TENANTRY_GROUP,
  version: 'v1alpha1',
  kind: 'Revision',
  plural: 'revisions',
  namespaced: true,
};

/** Revisions of one composition, oldest first. Ownership is by UID: a composition that took the name of another has none of its. */
export function revisionsOf(all: readonly Revision[], compositionUid: string | undefined): Revision[] {
  return all
    .filter(
      ({ spec, metadata }) =>
        spec.composition.uid === compositionUid && metadata.labels?.[SERVICE_UID_LABEL] === compositionUid,
    )
    .toSorted((a, b) => a.spec.number - b.spec.number);
}
