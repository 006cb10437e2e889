import type { Client } from '../../client/client.ts';
import type { Kind } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { webhookPatch, type WebhookConfiguration } from './webhook-patch.ts';

/** Both configurations of the chart carry this name. */
export const WEBHOOK_CONFIGURATION_NAME = 'tenantry';

const webhookKind = (kind: string, plural: string): Kind<WebhookConfiguration> => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind,
  plural,
  namespaced: false,
});

export const WEBHOOK_CONFIGURATIONS: readonly Kind<WebhookConfiguration>[] = [
  webhookKind('ValidatingWebhookConfiguration', 'validatingwebhookconfigurations'),
  webhookKind('MutatingWebhookConfiguration', 'mutatingwebhookconfigurations'),
];

/**
 * Makes both configurations listen to the groups of all services. A configuration that is not there is left out: the
 * cluster part of the chart may be missing or being removed, and `tenantry doctor` says so. Throws KubeError.
 */
export async function publishWebhooks(client: Client, serviceGroups: readonly string[]): Promise<void> {
  await Promise.all(
    WEBHOOK_CONFIGURATIONS.map(async (kind) => {
      const ref = { name: WEBHOOK_CONFIGURATION_NAME };
      const configuration = await client.find(kind, ref);
      if (configuration === undefined) return;
      const body = webhookPatch(configuration, serviceGroups);
      if (body.length === 0) return;
      try {
        await client.patch(kind, ref, { type: 'json', body });
      } catch (error) {
        // Removed between the two calls: the same as not being there.
        if (!isKubeError(error, 'NotFound')) throw error;
      }
    }),
  );
}
