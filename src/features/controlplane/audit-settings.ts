import { AUDIT_DEFAULTS, AUDIT_POLICY_KEY, AUDIT_POLICY_LABEL } from '../../api/plane-audit.ts';
import type { ControlPlane } from '../../api/control-plane.ts';
import type { Reader } from '../../client/client.ts';
import { CONFIG_MAP, type ConfigMap } from '../../kube/builtin-kinds.ts';
import { parseYaml } from '../../kube/yaml.ts';
import { messageOf } from '../../lib/error-text.ts';
import { auditPolicy, type PlaneAudit } from '../../planes/audit.ts';

/** The audit log that a plane is to keep, or why it can't be told. */
export type AuditSettings = { readonly audit: PlaneAudit | undefined } | { readonly problem: string };

/** Reads what a plane with an audit log needs. Throws KubeError. */
export async function readAuditSettings(
  { spec }: ControlPlane,
  live: Reader,
  namespace: string,
): Promise<AuditSettings> {
  if (spec.audit === undefined) return { audit: undefined };
  const { policyConfigMap: name } = spec.audit;
  const map = name === undefined ? undefined : await live.find(CONFIG_MAP, { namespace, name });
  return auditSettings(spec.audit, map, namespace);
}

/** What spec and ConfigMap say. Pure. */
export function auditSettings(
  asked: NonNullable<ControlPlane['spec']['audit']>,
  map: ConfigMap | undefined,
  namespace: string,
): AuditSettings {
  const files = filesFor(asked);
  const rest = files === undefined ? {} : { files };
  const { policyConfigMap: name } = asked;
  if (name === undefined) return { audit: { policy: auditPolicy(asked.level), ...rest } };
  const what = `spec.audit.policyConfigMap: ConfigMap ${namespace}/${name}`;
  if (map === undefined) return { problem: `${what} is not there` };
  if (map.metadata.labels?.[AUDIT_POLICY_LABEL] !== 'true')
    return { problem: `${what} is not labelled ${AUDIT_POLICY_LABEL}=true, so it is not for planes` };
  const policy = map.data?.[AUDIT_POLICY_KEY];
  if (policy === undefined) return { problem: `${what} lacks ${AUDIT_POLICY_KEY}` };
  const wrong = wrongIn(policy);
  if (wrong !== undefined) return { problem: `${what}, ${AUDIT_POLICY_KEY}: ${wrong}` };
  return { audit: { policy, ...rest } };
}

function filesFor({
  output = AUDIT_DEFAULTS.output,
  maxSizeMiB = AUDIT_DEFAULTS.maxSizeMiB,
  maxBackups = AUDIT_DEFAULTS.maxBackups,
  maxAgeDays,
}: NonNullable<ControlPlane['spec']['audit']>): PlaneAudit['files'] {
  if (output === 'stdout') return undefined;
  return { maxSizeMiB, maxBackups, ...(maxAgeDays === undefined ? {} : { maxAgeDays }) };
}

/** An API server that can't read its policy does not start: said here instead. */
function wrongIn(text: string): string | undefined {
  let policy: unknown;
  try {
    policy = parseYaml(text);
  } catch (error) {
    return messageOf(error);
  }
  const { apiVersion, kind, rules } = (policy ?? {}) as Record<string, unknown>; // true of whatever is no object, too
  if (apiVersion !== 'audit.k8s.io/v1' || kind !== 'Policy') return 'it is no Policy of audit.k8s.io/v1';
  if (!Array.isArray(rules) || rules.length === 0)
    return 'it has no rules; the API server starts with none of such a policy';
  return undefined;
}
