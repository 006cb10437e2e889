import { DEFAULT_SERVICE_GROUP } from '../../api/names.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { JsonPatchOperation } from '../../runtime/admission.ts';

/** The parts of a webhook configuration (admissionregistration.k8s.io/v1) that we look at. */
export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly {
    readonly name: string;
    readonly rules?: readonly { readonly apiGroups?: readonly string[] }[];
  }[];
}

/** Webhooks whose rules follow the registered services; the others listen to fixed groups. */
const INSTANCES_PREFIX = 'instances.';

/**
 * What must change in a configuration so that the webhooks of instances listen to the groups of all services.
 * Each change is preceded by a `test` of the webhook's name: entries are addressed by index, and another writer may have
 * moved them. Empty when nothing differs.
 */
export function webhookPatch(
  configuration: WebhookConfiguration,
  serviceGroups: readonly string[],
): readonly (JsonPatchOperation | { readonly op: 'test'; readonly path: string; readonly value: unknown })[] {
  const groups = [...new Set([DEFAULT_SERVICE_GROUP, ...serviceGroups])].toSorted();
  return (configuration.webhooks ?? []).flatMap((webhook, index) => {
    const listens = webhook.rules?.[0]?.apiGroups;
    if (!webhook.name.startsWith(INSTANCES_PREFIX) || listens === undefined || deepEqual(listens, groups))
      return [];
    const at = `/webhooks/${index}`;
    return [
      { op: 'test' as const, path: `${at}/name`, value: webhook.name },
      { op: 'replace' as const, path: `${at}/rules/0/apiGroups`, value: groups },
    ];
  });
}
