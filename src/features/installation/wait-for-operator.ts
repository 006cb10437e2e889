import type { Client } from '../../client/client.ts';
import { DEPLOYMENT, POD, type Deployment, type Pod } from '../../kube/builtin-kinds.ts';
import type { Clock } from '../../lib/clock.ts';
import { OPERATOR_SELECTOR } from './release-instances.ts';
import { waitUntil } from '../../lib/wait-until.ts';
import { withRemedy } from '../../lib/with-remedy.ts';

/** How often the Deployment is looked at while a person waits. */
const LOOK_MS = 300;

export interface OperatorWait {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly release: { readonly namespace: string };
  readonly waitMs: number;
}

/** Waits until all replicas of the operator run the newest template and are ready; says what its pods wait for. */
export async function waitForOperator(options: OperatorWait, note: (text: string) => void): Promise<void> {
  const { client, clock, signal, waitMs } = options;
  const query = { namespace: options.release.namespace, labelSelector: OPERATOR_SELECTOR };
  const ready = await waitUntil(
    async () => {
      const deployment = (await client.list(DEPLOYMENT, query)).items[0];
      return deployment !== undefined && isRolledOut(deployment) ? deployment : undefined;
    },
    { clock, within: waitMs, every: LOOK_MS, signal },
  );
  if (ready !== undefined) {
    note(`${ready.spec?.replicas ?? 1} replicas`);
    return;
  }
  const pods = (await client.list(POD, query)).items;
  throw withRemedy(
    `the operator is not ready after ${waitMs / 1000} s: ${pods.map(podState).join('; ') || 'no pods'}`,
    `Look at \`kubectl describe pods -n ${query.namespace}\` and \`kubectl logs\` there.`,
  );
}

/** As `kubectl rollout status` judges. */
export function isRolledOut({ metadata, spec, status }: Deployment): boolean {
  const wanted = spec?.replicas ?? 1;
  return (
    status?.observedGeneration === metadata.generation &&
    (status?.updatedReplicas ?? 0) >= wanted &&
    (status?.replicas ?? 0) <= wanted &&
    (status?.readyReplicas ?? 0) >= wanted
  );
}

/** `name Pending (ImagePullBackOff: …)`. */
export function podState({ metadata, status }: Pod): string {
  const waiting = status?.containerStatuses?.find((container) => container.state?.waiting !== undefined)
    ?.state?.waiting;
  const detail =
    waiting === undefined ? '' : ` (${[waiting.reason, waiting.message].filter(Boolean).join(': ')})`;
  return `${metadata.name} ${status?.phase ?? 'Unknown'}${detail}`;
}
