import { USAGE_REVIEW } from '../../api/usage-review.ts';
import type { Client } from '../../client/client.ts';
import { apiVersionOf } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { Counted } from './instance-pods.ts';
import type { PodStats } from './pod-stats.ts';
import type { ApplicationMetric } from './usage-book.ts';

/** What the operator tells of a namespace. */
export interface OperatorUsage {
  readonly counted: Counted;
  readonly stats: readonly PodStats[];
  readonly application: readonly ApplicationMetric[];
  readonly gaps: readonly string[];
}

/**
 * Asks the operator, with the rights of whoever asks (create usagereviews in the namespace). Undefined where it has no figures, may not be
 * asked, or is not there: then the nodes are left to ask.
 */
export async function askOperator(
  client: Pick<Client, 'create'>,
  namespace: string,
): Promise<OperatorUsage | undefined> {
  const { kind } = USAGE_REVIEW;
  const question = { apiVersion: apiVersionOf(USAGE_REVIEW), kind, metadata: { name: 'usage', namespace } };
  try {
    const { status = {} } = await client.create(USAGE_REVIEW, question, { dryRun: true });
    if (status.pods === undefined) return undefined;
    // The operator's own answer: what it wrote from PodStats, without the figures that are undefined.
    const stats = status.pods as unknown as readonly Partial<PodStats>[];
    return {
      counted: status.counted ?? 'all',
      stats: stats.map((one) => ({ ...UNKNOWN, ...one })),
      application: status.application ?? [],
      gaps: status.gaps ?? [],
    };
  } catch (error) {
    if (isKubeError(error)) return undefined;
    throw error;
  }
}

const UNKNOWN: PodStats = {
  uid: '',
  namespace: '',
  name: '',
  containers: 0,
  cpuMillicores: undefined,
  cpuSeconds: undefined,
  memoryBytes: undefined,
  receivedBytes: undefined,
  transmittedBytes: undefined,
  ephemeralBytes: undefined,
  claims: [],
};
