import type { InstancePolicies } from '../../api/revision.ts';
import type {
  LimitRange,
  Namespace,
  NetworkPolicy,
  Pod,
  ResourceQuota,
  RoleBinding,
  ServiceAccount,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { PacketResults } from './judge-packets.ts';
import type { PodAnswer } from './pod-answer.ts';

/** What was read, or word that whoever asks may not read it. */
export type Seen<T> = T | 'hidden';

/** An object that the operator wrote, as the inventory of the namespace keeps account of it. */
export interface Written {
  readonly kind: Kind;
  readonly name: string;
  readonly uid?: string;
  /** What the operator's fields on it look like; absent until that was noted. */
  readonly mark?: string;
}

/** The namespace's account of its objects. */
export interface Account {
  /** Quota, limits, network policies and bindings. */
  readonly policies: readonly Written[];
  /** Objects of the chart. */
  readonly objects: readonly Written[];
  /** The chart's pods talk to the API server. */
  readonly usesApi: boolean;
}

/** Everything that is judged. */
export interface Facts {
  /** UID of the instance. */
  readonly uid: string;
  /** Name of its namespace. */
  readonly target: string;
  /** Node that the instance names for its pods. */
  readonly nodeName: string | undefined;
  /** What service and plan ask for. */
  readonly policies: Seen<InstancePolicies>;
  readonly namespace: Seen<Namespace | undefined>;
  /** Undefined: the namespace has none, or none that can be read. */
  readonly account: Account | undefined;
  /** What the operator's fields of an object look like now. */
  readonly markOf: (object: KubeObject) => string | undefined;
  readonly quotas: Seen<readonly ResourceQuota[]>;
  readonly limits: Seen<readonly LimitRange[]>;
  readonly networkPolicies: Seen<readonly NetworkPolicy[]>;
  readonly bindings: Seen<readonly RoleBinding[]>;
  readonly defaultAccount: Seen<ServiceAccount | undefined>;
  readonly pods: Seen<readonly Pod[]>;
  readonly admissionPolicies: Seen<readonly ValidatingAdmissionPolicy[]>;
  readonly admissionBindings: Seen<readonly ValidatingAdmissionPolicyBinding[]>;
  /** Answers to the pods that must be refused. */
  readonly privilegedPod: PodAnswer;
  readonly largePod: PodAnswer;
  /** Absent: no packets were sent. */
  readonly packets?: PacketResults;
}
