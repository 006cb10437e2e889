import type { NetworkPolicy } from '../../kube/builtin-kinds.ts';

type Spec = NonNullable<NetworkPolicy['spec']>;
type IngressRule = NonNullable<Spec['ingress']>[number];

/** networking.k8s.io/v1 NetworkPolicyPeer. */
export type PolicyPeer = NonNullable<IngressRule['from']>[number];

/** networking.k8s.io/v1 NetworkPolicyPort: a number, a name of the target's containers' ports, or every port. */
export type PolicyPort = NonNullable<IngressRule['ports']>[number];

/** What Kubernetes tells apart by port. ICMP and others have no port: only rules without ports let them pass. */
export type Protocol = 'TCP' | 'UDP' | 'SCTP';

const PROTOCOLS: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];

/** The protocol a port speaks; TCP by default. Undefined for one that we don't know: such a port opens nothing. */
export function protocolOf(port: { readonly protocol?: string | undefined }): Protocol | undefined {
  const text = port.protocol ?? 'TCP';
  return PROTOCOLS.find((protocol) => protocol === text);
}
