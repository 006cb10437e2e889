import type { Facts } from './facts.ts';
import { notAsked, type Control, type Finding, type Verdict } from './finding.ts';
import { judgeAdmissionPolicies, judgeLargePod, judgePrivilegedPod } from './judge-admission.ts';
import { judgeOwnNamespace, judgePodSecurity, judgeStorageClasses } from './judge-namespace.ts';
import { judgePacketIn, judgePacketOut } from './judge-packets.ts';
import { judgeExclusiveNodes, judgeNodes, judgeRuntimeClass } from './judge-nodes.ts';
import { judgeAccount, judgePodResources, judgeStrict } from './judge-pods.ts';
import {
  judgeBindings,
  judgeEgress,
  judgeLimits,
  judgeNetworkPolicies,
  judgeQuota,
} from './judge-policies.ts';

/** Each control by the facts that tell whether it is in force, in the order in which they are shown. */
const JUDGES: Readonly<Record<Control, (facts: Facts) => Verdict>> = {
  namespace: judgeOwnNamespace,
  'pod security': judgePodSecurity,
  quota: judgeQuota,
  limits: judgeLimits,
  'network policies': judgeNetworkPolicies,
  egress: judgeEgress,
  'role bindings': judgeBindings,
  'account without token': judgeAccount,
  nodes: judgeNodes,
  'exclusive nodes': judgeExclusiveNodes,
  'runtime class': judgeRuntimeClass,
  'pod resources': judgePodResources,
  'storage classes': judgeStorageClasses,
  'strict isolation': judgeStrict,
  'admission policies': judgeAdmissionPolicies,
  'privileged pod': judgePrivilegedPod,
  'pod above quota': judgeLargePod,
  'packet in': ({ packets }) => (packets === undefined ? NOT_SENT : judgePacketIn(packets)),
  'packet out': (facts) => {
    const { packets, policies, account } = facts;
    if (packets === undefined) return NOT_SENT;
    if (account?.usesApi === true) return notAsked('the chart’s pods talk to the API server');
    if (policies !== 'hidden' && policies.egress === 'all')
      return notAsked('the service leaves all connections out open');
    return judgePacketOut(packets);
  },
};

const NOT_SENT = notAsked('none was sent; --probe-network sends one');

/** What is in force of everything that keeps an instance apart. Pure. */
export function judgeIsolation(facts: Facts): readonly Finding[] {
  return Object.entries(JUDGES).map(([control, judge]) => ({
    // The record's keys are the controls.
    control: control as Control,
    ...judge(facts),
  }));
}
