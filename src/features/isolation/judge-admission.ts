import type { Facts } from './facts.ts';
import { green, hidden, notAsked, red, unknown, type Verdict } from './finding.ts';
import { judgeStrictLabel } from './judge-namespace.ts';
import type { PodAnswer } from './pod-answer.ts';

/** Policies of our chart that hold whoever writes in instances' namespaces. */
const ALWAYS = [
  'tenantry-namespace-label',
  'tenantry-object-label',
  'tenantry-service-writes',
  'tenantry-services',
  'tenantry-status',
  'tenantry-storage-classes',
];
/** And under strict isolation. */
const STRICT = [
  'tenantry-strict-network',
  'tenantry-strict-pods',
  'tenantry-strict-services',
  'tenantry-strict-volumes',
];

const INSTALL = 'Whoever administers the cluster applies the chart’s cluster part again: `tenantry install`.';

/** Whether the cluster's admission policies are there and refuse. Pure. */
export function judgeAdmissionPolicies(facts: Facts): Verdict {
  const { admissionPolicies, admissionBindings } = facts;
  if (admissionPolicies === 'hidden' || admissionBindings === 'hidden')
    return hidden('the cluster’s admission policies');
  const wanted = judgeStrictLabel(facts).state === 'notAsked' ? ALWAYS : [...ALWAYS, ...STRICT];
  const absent = wanted.find((name) => !admissionPolicies.some(({ metadata }) => metadata.name === name));
  if (absent !== undefined) return red(`ValidatingAdmissionPolicy ${absent} is gone`, INSTALL);
  const lax = wanted.find(
    (name) =>
      !admissionBindings.some(
        ({ spec }) => spec?.policyName === name && spec.validationActions?.includes('Deny') === true,
      ),
  );
  if (lax !== undefined)
    return red(`no ValidatingAdmissionPolicyBinding has ${lax} refuse anything`, INSTALL);
  const weak = admissionPolicies.find(
    ({ metadata, spec }) => wanted.includes(metadata.name) && spec?.failurePolicy === 'Ignore',
  );
  if (weak !== undefined)
    return red(`ValidatingAdmissionPolicy ${weak.metadata.name} lets pass what it can't judge`, INSTALL);
  return green(`${wanted.length} policies refuse`);
}

/** Whether a pod that takes over its node is refused. Pure. */
export function judgePrivilegedPod({ policies, privilegedPod }: Facts): Verdict {
  if (policies !== 'hidden' && policies.podSecurity === 'privileged')
    return notAsked('the service runs privileged pods');
  if (privilegedPod.by === 'nobody')
    return red(
      'the cluster accepts a privileged pod there',
      'See "pod security" above; if that is in force, the API server runs without the PodSecurity plug-in.',
    );
  return privilegedPod.by === 'pod security' || privilegedPod.by === 'policy'
    ? green(`refused by ${privilegedPod.by}`)
    : notTried(privilegedPod);
}

/** Whether a pod above the quota is refused. Pure. */
export function judgeLargePod({ policies, account, largePod }: Facts): Verdict {
  const isAsked =
    policies === 'hidden'
      ? account?.policies.some(({ kind }) => kind.kind === 'ResourceQuota') !== false
      : policies.quota !== undefined;
  if (!isAsked) return notAsked('the service names no quota');
  if (largePod.by === 'nobody')
    return red(
      'the cluster accepts a pod above the quota there',
      'See "quota" above; if that is in force, the API server runs without the ResourceQuota plug-in.',
    );
  return largePod.by === 'quota' ? green('refused by quota') : notTried(largePod);
}

const notTried = ({ message }: PodAnswer): Verdict =>
  unknown(
    `could not be tried: ${message}`,
    'It takes the right to create pods there; the owner of the cluster has it.',
  );
