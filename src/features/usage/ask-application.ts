import type { AppEndpoint } from '../../api/app-endpoint.ts';
import { POD, type Pod } from '../../kube/builtin-kinds.ts';
import { matchesRequirements } from '../../kube/selector.ts';
import { messageOf } from '../../lib/error-text.ts';
import { mapLimit } from '../../lib/limit.ts';
import type { Stores } from '../../runtime/controller.ts';
import { measuredInstances, type MeasuredInstance } from './instance-pods.ts';
import { readSamples } from './read-samples.ts';
import type { ApplicationAnswer, ApplicationMetric } from './usage-book.ts';

/** Pods asked at the same time, over all instances. */
const PARALLEL = 4;
/** Pods of one instance that are asked, by name the first ones; a sum of some is said to be one. */
const MAX_PODS = 20;

/** Reads the text of a page of a pod; throws where it does not answer. The caller bounds time and size. */
export type ReadPod = (url: string, signal: AbortSignal) => Promise<string>;

export interface ApplicationDeps {
  readonly stores: Stores;
  readonly endpointOf: (serviceUid: string) => AppEndpoint | undefined;
  readonly readPod: ReadPod;
}

/** Asks the pods of all instances whose service names metrics, each at its own address. */
export async function askApplications(
  deps: ApplicationDeps,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ApplicationAnswer>> {
  const wanted = measuredInstances(deps.stores).flatMap((instance) => {
    const endpoint = deps.endpointOf(instance.serviceUid);
    return endpoint === undefined ? [] : [{ instance, endpoint }];
  });
  const answers = await mapLimit(wanted, PARALLEL, ({ instance, endpoint }) =>
    askInstance(deps, instance, endpoint, signal),
  );
  return new Map(
    wanted.flatMap(({ instance }, index) => {
      const answer = answers[index];
      return answer === undefined ? [] : [[instance.target, answer]];
    }),
  );
}

async function askInstance(
  { stores, readPod }: ApplicationDeps,
  { target }: MeasuredInstance,
  endpoint: AppEndpoint,
  signal: AbortSignal,
): Promise<ApplicationAnswer> {
  const pods = askedPods(stores.list(POD, target), endpoint);
  const gaps: string[] = [];
  const sums = new Map<string, ApplicationMetric>();
  for (const pod of pods.slice(0, MAX_PODS)) {
    const { name } = pod.metadata;
    const url = urlOf(pod, endpoint);
    if (url === undefined) {
      gaps.push(
        `Pod ${name} declares no port; write it into resmonitor.spec.appEndpoints.endpoint, as :8080/metrics`,
      );
      continue;
    }
    try {
      for (const sample of readSamples(await readPod(url, signal), endpoint.metrics))
        sums.set(sample.name, { ...sample, value: sample.value + (sums.get(sample.name)?.value ?? 0) });
    } catch (error) {
      if (signal.aborted) throw error;
      gaps.push(`Pod ${name} did not tell its metrics at ${url}: ${messageOf(error)}`);
    }
  }
  if (pods.length > MAX_PODS)
    gaps.push(`Of ${pods.length} pods the first ${MAX_PODS} were asked for metrics of their own`);
  const missing = endpoint.metrics.filter((metric) => !sums.has(metric));
  if (pods.length === 0) gaps.push('No running pod has the label of resmonitor.spec.appEndpoints');
  else if (missing.length > 0 && gaps.length === 0) gaps.push(`The pods do not have: ${missing.join(', ')}`);
  return { metrics: endpoint.metrics.flatMap((metric) => sums.get(metric) ?? []), gaps };
}

/** A pod on the node's network has the node's address, behind which others may answer. */
function askedPods(pods: readonly Pod[], { selector }: AppEndpoint): readonly Pod[] {
  return pods
    .filter(({ metadata, spec, status }) => {
      const isThere = status?.phase === 'Running' && status.podIP !== undefined;
      return isThere && spec?.hostNetwork !== true && matchesRequirements(selector, metadata.labels);
    })
    .sort((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1));
}

function urlOf({ spec, status }: Pod, { port, path }: AppEndpoint): string | undefined {
  const declared = spec?.containers
    .flatMap(({ ports }) => ports ?? [])
    .find(({ protocol }) => protocol !== 'UDP');
  const chosen = port ?? declared?.containerPort;
  const ip = status?.podIP ?? '';
  if (chosen === undefined) return undefined;
  return `http://${ip.includes(':') ? `[${ip}]` : ip}:${chosen}${path}`;
}
