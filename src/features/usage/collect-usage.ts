import type { Client } from '../../client/client.ts';
import { unlessForbidden } from '../../client/unless-forbidden.ts';
import { POD, PVC, type Pod } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { messageOf } from '../../lib/error-text.ts';
import { mapLimit } from '../../lib/limit.ts';
import { askNode } from './ask-node.ts';
import { askOperator } from './ask-operator.ts';
import { countsPod } from './instance-pods.ts';
import { hasEnded, measureUsage, type Usage } from './measure-usage.ts';
import type { ApplicationMetric } from './usage-book.ts';
import { statsOfMetrics, type PodMetrics, type PodStats } from './pod-stats.ts';

/** Nodes asked at the same time: an answer is some kilobytes for each pod of the node, so a few at once are enough. */
const PARALLEL = 8;

const POD_METRICS: Kind<PodMetrics> = {
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  kind: 'PodMetrics',
  plural: 'pods',
  namespaced: true,
};

/** What was found, and what could not be asked, in sentences. */
export interface CollectedUsage {
  readonly usage: Usage;
  /** What the application tells of itself; only the operator asks for it. */
  readonly application: readonly ApplicationMetric[];
  readonly gaps: readonly string[];
}

/** How a node answered. */
type Answer = { readonly stats: readonly PodStats[] } | { readonly node: string; readonly failure: unknown };

/**
 * Asks what the pods of a namespace use: the operator, which knows; else each node once, whatever number of pods is there. Who may ask
 * neither is told what metrics-server knows. Throws KubeError where the pods can't be listed.
 */
export async function collectUsage(
  client: Pick<Client, 'list' | 'raw' | 'create'>,
  namespace: string,
): Promise<CollectedUsage> {
  const [{ items: pods }, claims, known] = await Promise.all([
    client.list(POD, { namespace }),
    unlessForbidden(client.list(PVC, { namespace })),
    askOperator(client, namespace),
  ]);
  if (known !== undefined) {
    const counted = pods.filter((pod) => countsPod(pod, known.counted));
    const usage = measureUsage(counted, claims?.items, known.stats);
    const { application } = known;
    return { usage, application, gaps: [...known.gaps, ...describeGaps(usage, [], claims === undefined)] };
  }
  const { stats, failures } = await askNodes(client, namespace, pods);
  const usage = measureUsage(pods, claims?.items, stats);
  return { usage, application: [], gaps: describeGaps(usage, failures, claims === undefined) };
}

type Failed = Extract<Answer, { readonly failure: unknown }>;

async function askNodes(
  client: Pick<Client, 'list' | 'raw'>,
  namespace: string,
  pods: readonly Pod[],
): Promise<{ readonly stats: readonly PodStats[]; readonly failures: readonly Failed[] }> {
  const nodes = new Set(pods.filter((pod) => !hasEnded(pod)).map(({ spec }) => spec?.nodeName ?? ''));
  nodes.delete('');
  const answers = await mapLimit([...nodes].sort(), PARALLEL, (node) => answerOf(client, node));
  const failures = answers.filter((answer) => 'failure' in answer);
  const stats = answers.flatMap((answer) => ('stats' in answer ? answer.stats : []));
  const forbidden = failures.some(({ failure }) => isKubeError(failure, 'Forbidden'));
  const instead = forbidden ? await askMetricsServer(client, namespace, pods) : [];
  const known = new Set(stats.map(({ uid }) => uid));
  return { stats: [...stats, ...instead.filter(({ uid }) => !known.has(uid))], failures };
}

async function answerOf(client: Pick<Client, 'raw'>, node: string): Promise<Answer> {
  try {
    return { stats: await askNode(client, node) };
  } catch (failure) {
    return { node, failure };
  }
}

/** Empty where there is none, or where its figures may not be seen either. */
async function askMetricsServer(
  client: Pick<Client, 'list'>,
  namespace: string,
  pods: readonly Pod[],
): Promise<readonly PodStats[]> {
  try {
    return statsOfMetrics((await client.list(POD_METRICS, { namespace })).items, pods);
  } catch (error) {
    if (isKubeError(error)) return [];
    throw error;
  }
}

function describeGaps(
  usage: Usage,
  failures: readonly { readonly node: string; readonly failure: unknown }[],
  claimsHidden: boolean,
): readonly string[] {
  const broken = failures.filter(({ failure }) => !isKubeError(failure, 'Forbidden'));
  const { unmeasuredPods, unmeasuredClaims } = usage;
  const gaps = broken.map(
    ({ node, failure }) => `Node ${node} did not tell what its pods use: ${messageOf(failure)}`,
  );
  if (broken.length < failures.length)
    gaps.push(
      'You may not ask the kubelets (get nodes/proxy): what is known of CPU and memory is metrics-server’s, network and storage used are not known',
    );
  if (unmeasuredPods.length > 0) gaps.push(`Not measured: pods ${unmeasuredPods.join(', ')}`);
  if (claimsHidden) gaps.push('Not shown, for you may not list them: PersistentVolumeClaim');
  // Where a node did not answer, that is the reason.
  if (failures.length > 0) return gaps;
  if (usage.receivedBytes === undefined && unmeasuredPods.length === 0)
    gaps.push('Not measured: network, of which the kubelets tell nothing');
  if (unmeasuredClaims.length > 0)
    gaps.push(
      `Not measured: how full the claims ${unmeasuredClaims.join(', ')} are; no pod mounts them, or they share a larger file system`,
    );
  return gaps;
}
