import { DEFAULT_SERVICE_GROUP } from '../../api/names.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { JsonPatchOperation } from '../../runtime/admission.ts';

/** The parts of a webhook configuration (admissionregistration.k8s.io/v1) that we look at. */
export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly {
    readonly name: string;
    readonly clientConfig: { readonly caBundle?: string };
    readonly rules?: readonly { readonly apiGroups?: readonly string[] }[];
  }[];
}

/** Webhooks whose rules follow the registered services; the others listen to fixed groups. */
const INSTANCES_PREFIX = 'instances.';

/**
 * What must change in a configuration so that its webhooks trust `caBundle` (PEM) and listen to the groups of all services.
 * Each change is preceded by a `test` of the webhook's name: entries are addressed by index, and another writer may have
 * moved them. Empty when nothing differs.
 */
export function webhookPatch(
  configuration: WebhookConfiguration,
  caBundle: string,
  serviceGroups: readonly string[],
): readonly (JsonPatchOperation | { readonly op: 'test'; readonly path: string; readonly value: unknown })[] {
  const encoded = Buffer.from(caBundle).toString('base64');
  const groups = [...new Set([DEFAULT_SERVICE_GROUP, ...serviceGroups])].toSorted();
  return (configuration.webhooks ?? []).flatMap((webhook, index) => {
    const at = `/webhooks/${index}`;
    const changes: JsonPatchOperation[] = [];
    if (webhook.clientConfig.caBundle !== encoded)
      changes.push({ op: 'add', path: `${at}/clientConfig/caBundle`, value: encoded });
    const listens = webhook.rules?.[0]?.apiGroups;
    if (webhook.name.startsWith(INSTANCES_PREFIX) && listens !== undefined && !deepEqual(listens, groups))
      changes.push({ op: 'replace', path: `${at}/rules/0/apiGroups`, value: groups });
    return changes.length === 0
      ? []
      : [{ op: 'test' as const, path: `${at}/name`, value: webhook.name }, ...changes];
  });
}
