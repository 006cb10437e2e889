import { companionFor, layOver } from '../../api/companion.ts';
import type { CompositionSpec, ResourceComposition } from '../../api/resource-composition.ts';
import { RESOURCE_MONITOR, type ResourceMonitor } from '../../api/resource-monitor.ts';
import { RESOURCE_POLICY, type ResourcePolicy } from '../../api/resource-policy.ts';
import type { RevisionSpec } from '../../api/revision.ts';
import type { Finding } from '../../runtime/admission.ts';
import type { Stores } from '../../runtime/controller.ts';
import { monitorFindings, policyFindings } from './spec-findings.ts';

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

/** The spec with a ResourceMonitor over its own monitor, field by field, under the same rule. Pure. */
export function withMonitor(spec: CompositionSpec, over: ResourceMonitor | undefined): LaidOver {
  if (over === undefined) return { spec, findings: [] };
  const monitor = layOver(spec.resmonitor?.spec, over.spec);
  const findings = monitorFindings(monitor, 'spec');
  if (findings.length > 0) return { spec, findings };
  return { spec: { ...spec, resmonitor: { ...spec.resmonitor, spec: monitor } }, findings };
}

/** The spec of a composition with the policy and the monitor that count among those of its namespace. */
export function underCompanions(
  { spec, metadata: { namespace } }: ResourceComposition,
  resource: RevisionSpec['resource'],
  stores: Stores,
): CompositionSpec {
  const policy = companionFor(resource, stores.list(RESOURCE_POLICY, namespace));
  const monitor = companionFor(resource, stores.list(RESOURCE_MONITOR, namespace));
  return withMonitor(withPolicy(spec, policy).spec, monitor).spec;
}
