import type { Instance } from '../../api/instance.ts';
import type { InstancePolicies, Revision, ServicePolicies } from '../../api/revision.ts';
import type { Client } from '../../client/client.ts';
import type { Engine } from '../../helm/rendering.ts';
import type { Kind, ObjectRef } from '../../kube/kind.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Stores } from '../../runtime/controller.ts';
import type { ApiServerAddress } from './network-policies.ts';

/** A registered service, as far as its instances are concerned. */
export interface InstanceService {
  readonly kind: Kind<Instance>;
  readonly composition: { readonly namespace: string; readonly name: string; readonly uid: string };
  /**
   * The revision that instances should run, of those up to the number where one is given; undefined while the service is being
   * registered or after it went.
   */
  currentRevision(stores: Stores, newest?: number): Revision | undefined;
  /** The user who registered the service, as admission wrote it down. */
  readonly provider?: string | undefined;
}

/** What counts for the instances of a service in one namespace besides the service: the plan of their tenant. */
export type InstanceTerms =
  | {
      /** Number of the newest revision that they run; absent: the newest there is. */
      readonly newestRevision?: number | undefined;
      policiesUnder(policies: ServicePolicies): InstancePolicies;
    }
  /** Nobody can tell what counts: nothing is changed until that is mended. */
  | { readonly problem: string };

/** What the cluster serves; `client/discovery.ts` has it. */
export interface ServedKinds {
  kindFor(apiVersion: string, kind: string): Promise<Kind | undefined>;
  capabilities(): Promise<{ readonly kubeVersion: string; readonly apiVersions: readonly string[] }>;
}

/** What the operator's owner decided, and facts of the cluster. */
export interface InstanceSettings {
  readonly operatorNamespace: string;
  readonly accountsNamespace: string;
  /** Given to charts as `global.imageRegistry`, under the user's values. */
  readonly imageRegistry?: string | undefined;
  /** Ranges of pods and services. If not given: the pod ranges that the nodes' objects name. */
  readonly clusterCidrs?: readonly string[];
  /** Where the API server answers behind its Service; only charts that bind a Role may reach it. */
  readonly apiServer?: readonly ApiServerAddress[];
  /** Namespaces of ingress controllers; the common ones if not given. */
  readonly ingressNamespaces?: readonly string[];
  /** Instances of a service that are upgraded to a new revision at the same time; 10 if not given. */
  readonly upgradesAtOnce?: number;
}

/** What the feature needs. */
export interface InstanceDeps {
  readonly client: Client;
  readonly engine: Engine;
  readonly discovery: ServedKinds;
  readonly clock: Clock;
  readonly settings: InstanceSettings;
  /** Has an instance looked at soon by the controller of that name. */
  readonly wake: (controllerName: string, ref: ObjectRef) => void;
  /** The terms of the instances of a kind that stand in a namespace; absent: there are no plans. */
  readonly termsOf?: (namespace: string, kind: Pick<Kind, 'group' | 'kind'>, stores: Stores) => InstanceTerms;
  /** The part of all instances that this process works on now, where several divide them; 1 if not given. */
  readonly share?: () => number;
}
