import type { Client } from '../client/client.ts';
import type { Kind } from '../kube/kind.ts';
import { isKubeError } from '../kube/kube-error.ts';
import { listenPatch, type WithConditions } from './silence-webhooks.ts';

/** Tries against others who write the same configuration (the chart, the list of groups). */
const MAX_CONFLICTS = 5;

/** Names one webhook configuration. */
export interface WebhookConfigurationRef {
  readonly kind: Kind;
  readonly name: string;
}

/** The part of a webhook configuration (admissionregistration.k8s.io/v1) that carries the trust. */
interface WithWebhooks extends WithConditions {
  readonly webhooks?: readonly {
    readonly clientConfig?: { readonly caBundle?: string };
    readonly matchConditions?: readonly { readonly name: string }[];
  }[];
}

/**
 * Writes the bundle (PEM) into every webhook of the configurations, where it differs, and has those asked again that an operator left
 * silent when it was removed. A configuration that does not
 * exist is left out: the cluster part of the chart may come later. Throws KubeError.
 */
export async function publishBundle(
  client: Client,
  configurations: readonly WebhookConfigurationRef[],
  bundle: string,
): Promise<void> {
  await Promise.all(configurations.map((configuration) => publishOne(client, configuration, bundle)));
}

async function publishOne(
  client: Client,
  { kind, name }: WebhookConfigurationRef,
  bundle: string,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const configuration = await client.find(kind, { name });
    if (configuration === undefined) return;
    const body = bundlePatch(configuration, Buffer.from(bundle).toString('base64'));
    if (body.length === 0) return;
    try {
      await client.patch(kind, { name }, { type: 'json', body });
      return;
    } catch (error) {
      if (isKubeError(error, 'NotFound')) return;
      if (!isKubeError(error, 'Conflict') || attempt >= MAX_CONFLICTS) throw error;
    }
  }
}

/** The JSON patch; empty if every webhook trusts the bundle. With the version read, since entries go by index. Pure. */
export function bundlePatch(configuration: WithWebhooks, caBundle: string): readonly unknown[] {
  const changes: unknown[] = (configuration.webhooks ?? []).flatMap((webhook, index): unknown[] =>
    webhook.clientConfig?.caBundle === caBundle
      ? []
      : [{ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: caBundle }],
  );
  changes.push(...listenPatch(configuration));
  if (changes.length === 0) return [];
  const version = {
    op: 'replace',
    path: '/metadata/resourceVersion',
    value: configuration.metadata.resourceVersion,
  };
  return [version, ...changes];
}
