import { INSTANCE_UID_LABEL, MANAGED_BY_LABEL, MANAGED_BY_VALUE } from '../../api/names.ts';
import type { Client } from '../../client/client.ts';
import { NAMESPACE } from '../../kube/builtin-kinds.ts';
import { withRemedy } from '../../lib/with-remedy.ts';
import type { Account } from './account.ts';
import type { Site } from './find-site.ts';

/** Who may make pods in a namespace without a level owns the nodes: privileged pods are root there. */
const LEVEL_LABEL = 'pod-security.kubernetes.io/enforce';
export const LEVELS = ['restricted', 'baseline', 'privileged'] as const;
export type Level = (typeof LEVELS)[number];

/**
 * Labels that the account's namespace lacks. A provider's namespace gets KubePlus's label and a level for its pods; one in which pods of
 * others run, without a level, is refused unless the level is said. A consumer's namespace stays as it is. Pure.
 */
export function missingLabels(
  account: Account,
  site: Pick<Site, 'namespace' | 'hasPods'>,
  level: Level | undefined,
): Readonly<Record<string, string>> {
  const labels = site.namespace?.metadata.labels ?? {};
  if (labels[INSTANCE_UID_LABEL] !== undefined)
    throw withRemedy(
      `namespace ${account.namespace} holds an instance`,
      'Name a namespace of the provider or consumer, not one that the operator made.',
    );
  if (account.role === 'consumer') return {};
  const isOpen = labels[LEVEL_LABEL] === undefined;
  if (isOpen && site.hasPods && level === undefined && labels[MANAGED_BY_LABEL] !== MANAGED_BY_VALUE)
    throw withRemedy(
      `namespace ${account.namespace} has pods and no Pod Security level, and a provider may make pods there`,
      `Give the provider a namespace of its own, or say what pods may be there: --pod-security ${LEVELS.join('|')}.`,
    );
  return {
    ...(labels[MANAGED_BY_LABEL] === MANAGED_BY_VALUE ? {} : { [MANAGED_BY_LABEL]: MANAGED_BY_VALUE }),
    ...(isOpen || (level !== undefined && labels[LEVEL_LABEL] !== level)
      ? { [LEVEL_LABEL]: level ?? 'restricted' }
      : {}),
  };
}

/** Makes the namespace, or gives it the labels that it lacks. Throws KubeError. */
export async function prepareNamespace(
  client: Client,
  name: string,
  site: Pick<Site, 'namespace'>,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  if (site.namespace === undefined)
    await client.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  else if (Object.keys(labels).length > 0)
    await client.patch(NAMESPACE, { name }, { type: 'merge', body: { metadata: { labels } } });
}
