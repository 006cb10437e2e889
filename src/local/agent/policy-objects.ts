import type { Kind } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { LabelSelector } from '../../kube/selector.ts';

/** What can be told apart by port in Kubernetes. ICMP and others have no port and are matched by rules without ports only. */
export type Protocol = 'TCP' | 'UDP' | 'SCTP';

/** networking.k8s.io/v1 NetworkPolicyPort. */
export interface PolicyPort {
  readonly protocol?: Protocol;
  /** A number, or the name of a port of the target's containers; absent: every port of the protocol. */
  readonly port?: number | string;
  readonly endPort?: number;
}

/** networking.k8s.io/v1 NetworkPolicyPeer. */
export interface PolicyPeer {
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

/** networking.k8s.io/v1 NetworkPolicy. */
export interface NetworkPolicy extends KubeObject {
  readonly spec?: {
    readonly podSelector?: LabelSelector;
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly {
      readonly from?: readonly PolicyPeer[];
      readonly ports?: readonly PolicyPort[];
    }[];
    readonly egress?: readonly {
      readonly to?: readonly PolicyPeer[];
      readonly ports?: readonly PolicyPort[];
    }[];
  };
}

/** core/v1 Namespace: only its labels matter here. */
export type NamespaceObject = KubeObject;

/** core/v1 ContainerPort. */
interface ContainerPort {
  readonly name?: string;
  readonly protocol?: Protocol;
  readonly containerPort: number;
}

/** core/v1 Container. */
interface Container {
  readonly ports?: readonly ContainerPort[];
  readonly restartPolicy?: string;
}

/** core/v1 Pod, the fields that decide about its traffic. */
export interface PodObject extends KubeObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    readonly containers?: readonly Container[];
    readonly initContainers?: readonly Container[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
  };
}

/** core/v1 Pod. */
export const POD: Kind<PodObject> = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  namespaced: true,
};

/** core/v1 Namespace. */
export const NAMESPACE: Kind<NamespaceObject> = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
};

/** networking.k8s.io/v1 NetworkPolicy. */
export const NETWORK_POLICY: Kind<NetworkPolicy> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  namespaced: true,
};
