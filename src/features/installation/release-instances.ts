import type { Client } from '../../client/client.ts';
import { CONTROL_PLANE } from '../../api/control-plane.ts';
import { KFLEX_FINALIZER } from '../../api/control-plane-names.ts';
import { FINALIZER, OPERATOR_POD_LABELS } from '../../api/names.ts';
import { RESOURCE_COMPOSITION } from '../../api/resource-composition.ts';
import { REVISION } from '../../api/revision.ts';
import { VIRTUAL_CLUSTER } from '../../api/virtual-cluster.ts';
import {
  DEPLOYMENT,
  MUTATING_WEBHOOK_CONFIGURATION,
  POD,
  VALIDATING_WEBHOOK_CONFIGURATION,
} from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { formatSelector } from '../../kube/selector.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Progress } from '../../lib/progress.ts';
import { silenceWebhooks } from '../../runtime/silence-webhooks.ts';
import { removeFinalizer } from './remove-finalizer.ts';
import { listServiceKinds } from './service-kinds.ts';
import { waitUntil } from '../../lib/wait-until.ts';
import { withRemedy } from '../../lib/with-remedy.ts';

/** Selects the operator's Deployment and pods, as the chart labels them. */
export const OPERATOR_SELECTOR = formatSelector({ matchLabels: OPERATOR_POD_LABELS });
/** Both webhook configurations of the chart. */
const WEBHOOK_CONFIGURATION = 'tenantry';
/** How long the operator's pods may take to end: their grace period is 20 s. */
const STOP_TIMEOUT_MS = 60_000;
const STOP_LOOK_MS = 500;

export interface ReleaseOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/**
 * Makes everything that runs independent of the operator, in the one order that can't block a cluster: webhooks first (or every
 * later write of our kinds would wait for a server that is going), then the operator itself (or it would put finalizers
 * back), then the finalizers. Instances, their namespaces and releases stay as they are. Safe to run twice. Throws KubeError.
 */
export async function releaseInstances(options: ReleaseOptions): Promise<{ readonly kept: number }> {
  const { client, progress } = options;
  await progress.step('webhooks silenced', () => silence(client));
  await progress.step('operator stopped', () => stopOperator(options));
  // Once more: a replica that started in between had them asked again.
  await silence(client);
  return progress.step('instances released', async (note) => {
    const kept = await removeFinalizers(client);
    note(`${kept} kept`);
    return { kept };
  });
}

/** Has the API server ask nothing of ours at admission from here on. The configurations are the cluster part's and stay with it. */
async function silence(client: Client): Promise<void> {
  const kinds = [VALIDATING_WEBHOOK_CONFIGURATION, MUTATING_WEBHOOK_CONFIGURATION];
  await silenceWebhooks(client, kinds, WEBHOOK_CONFIGURATION);
}

async function stopOperator({ client, clock, namespace, signal }: ReleaseOptions): Promise<void> {
  const deployments = await client.list(DEPLOYMENT, { namespace, labelSelector: OPERATOR_SELECTOR });
  for (const { metadata } of deployments.items)
    await client.patch(
      DEPLOYMENT,
      { namespace, name: metadata.name },
      { type: 'merge', body: { spec: { replicas: 0 } } },
      { subresource: 'scale' },
    );
  const ended = await waitUntil(
    async () => {
      const { items } = await client.list(POD, { namespace, labelSelector: OPERATOR_SELECTOR });
      return items.length === 0 ? true : undefined;
    },
    { clock, within: STOP_TIMEOUT_MS, every: STOP_LOOK_MS, signal },
  );
  if (ended === undefined)
    throw withRemedy(
      `the operator's pods in ${namespace} did not end within ${STOP_TIMEOUT_MS / 1000} s`,
      `Look at \`kubectl get pods -n ${namespace}\`: perhaps a node is gone. Then run this again.`,
    );
}

/** Answers how many instances were found. */
async function removeFinalizers(client: Client): Promise<number> {
  const kinds = await listServiceKinds(client);
  const counts = await Promise.all(kinds.map((kind) => removeFrom(client, kind)));
  await removeFrom(client, RESOURCE_COMPOSITION);
  await removeFrom(client, REVISION);
  await removeFrom(client, CONTROL_PLANE, KFLEX_FINALIZER);
  await removeFrom(client, VIRTUAL_CLUSTER);
  return counts.reduce((sum, count) => sum + count, 0);
}

async function removeFrom(client: Client, kind: Kind, finalizer = FINALIZER): Promise<number> {
  const objects = await listIfServed(client, kind);
  for (const object of objects) await removeFinalizer(client, kind, object, finalizer);
  return objects.length;
}

/** A kind whose CRD is gone has no objects. */
async function listIfServed(
  client: Client,
  kind: Kind,
): Promise<Awaited<ReturnType<Client['list']>>['items']> {
  try {
    return (await client.list(kind)).items;
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return [];
    throw error;
  }
}
