import { companionFor, layOver } from '../../api/companion.ts';
import type { CompositionSpec } from '../../api/resource-composition.ts';
import type { ResourcePolicy } from '../../api/resource-policy.ts';
import type { RevisionSpec } from '../../api/revision.ts';
import type { Finding } from '../../runtime/admission.ts';
import { policyFindings } from './spec-findings.ts';

/** A composition's spec with what was laid over it, and what keeps that from counting. */
export interface LaidOver {
  readonly spec: CompositionSpec;
  readonly findings: readonly Finding[];
}

/**
 * The spec with a ResourcePolicy over its own policy, field by field. One that does not fit leaves the composition as it is: a provider's
 * slip never takes the limits of instances away. Pure.
 */
export function withPolicy(spec: CompositionSpec, over: ResourcePolicy | undefined): LaidOver {
  if (over === undefined) return { spec, findings: [] };
  const policy = layOver(spec.respolicy?.spec?.policy, over.spec?.policy);
  const findings = policyFindings(policy, 'spec.policy');
  if (findings.length > 0) return { spec, findings };
  const respolicy = { ...spec.respolicy, spec: { ...spec.respolicy?.spec, policy } };
  return { spec: { ...spec, respolicy }, findings };
}

/** The spec with the policy that counts among those of the composition's namespace. */
export function underPolicies(
  spec: CompositionSpec,
  resource: RevisionSpec['resource'],
  policies: readonly ResourcePolicy[],
): CompositionSpec {
  return withPolicy(spec, companionFor(resource, policies)).spec;
}
