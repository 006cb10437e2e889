import type { Client } from '../../client/client.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../../api/resource-composition.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { Clock } from '../../lib/clock.ts';
import { withRemedy } from '../../lib/with-remedy.ts';

/** How often the webhooks are tried; each try is one dry-run. */
const LOOK_MS = 200;
/** Tries in a row that must be answered: the API server takes any endpoint of the Service, and all must be reachable. */
const ANSWERS = 3;

export interface WebhookWait {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly release: { readonly namespace: string };
  readonly waitMs: number;
}

/**
 * Waits until the API server reaches the webhooks: pods are ready a moment before their Service leads to them. What is tried is a
 * dry-run of a composition without a chart, which stores nothing; any answer but "failed calling webhook" will do.
 */
export async function waitForWebhooks({
  client,
  clock,
  signal,
  release,
  waitMs,
}: WebhookWait): Promise<void> {
  const deadline = clock.monotonic() + waitMs;
  let answered = 0;
  for (;;) {
    const trouble = await tryWebhooks(client, release.namespace);
    answered = trouble === undefined ? answered + 1 : 0;
    if (answered === ANSWERS) return;
    if (trouble !== undefined && clock.monotonic() > deadline)
      throw withRemedy(
        `the API server does not reach the operator's webhooks: ${trouble}`,
        'Look whether network policies or a firewall keep the control plane from port 9443 of the operator’s pods.',
      );
    if (trouble !== undefined) await clock.sleep(LOOK_MS, signal);
  }
}

async function tryWebhooks(client: Client, namespace: string): Promise<string | undefined> {
  // Wrong on purpose, so that nothing could come of it even without the dry-run.
  const composition: ResourceComposition = {
    apiVersion: `${RESOURCE_COMPOSITION.group}/${RESOURCE_COMPOSITION.version}`,
    kind: RESOURCE_COMPOSITION.kind,
    metadata: { name: 'tenantry-webhook-check', namespace },
    spec: { newResource: { resource: { kind: 'Check', plural: 'checks' }, chartURL: '' } },
  };
  try {
    await client.create(RESOURCE_COMPOSITION, composition, { dryRun: true });
    return undefined;
  } catch (error) {
    if (!isKubeError(error)) throw error;
    return error.message.includes('failed calling webhook') ? error.message : undefined;
  }
}
