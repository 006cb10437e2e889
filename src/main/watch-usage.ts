import { parseAppEndpoint, type AppEndpoint } from '../api/app-endpoint.ts';
import { RESOURCE_MONITOR, type ResourceMonitor } from '../api/resource-monitor.ts';
import { RESOURCE_POLICY } from '../api/resource-policy.ts';
import type { Client } from '../client/client.ts';
import { underCompanions } from '../features/service/laid-over.ts';
import { createClient } from '../client/http-client.ts';
import type { RegisteredServices } from '../features/service/registered-services.ts';
import type { Counted } from '../features/usage/instance-pods.ts';
import { usageSampler } from '../features/usage/sample-usage.ts';
import { kubeletAsker, type KubeletDeps } from '../features/usage/kubelets.ts';
import { podReader } from '../features/usage/pod-reader.ts';
import { UsageBook } from '../features/usage/usage-book.ts';
import { publishUsage } from '../features/usage/usage-metrics.ts';
import { usagePage, usageReviews } from '../features/usage/usage-review.ts';
import { USAGE_WATCHES } from '../features/usage/usage-watches.ts';
import type { Clock } from '../lib/clock.ts';
import type { AdmissionHandler } from '../runtime/admission.ts';
import type { Stores } from '../runtime/controller.ts';
import type { Log } from '../runtime/log.ts';
import type { Manager } from '../runtime/manager.ts';
import type { Metrics } from '../runtime/metrics.ts';

interface Surroundings {
  readonly manager: Pick<Manager, 'addTask' | 'ensureWatch' | 'stores'>;
  /** Not fenced: it only reads, in every replica. */
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'registry'>;
  readonly services: (stores: Stores) => RegisteredServices;
  readonly operatorNamespace: string;
  /** Authorities of the kubelets' certificates. */
  readonly kubelets: Pick<KubeletDeps, 'ca' | 'insecure'>;
  /** Port of the page that replicas read from the leader. */
  readonly port: number;
}

/** Has the leader measure what instances use, and every replica answer who asks for it. */
export function watchUsage(surroundings: Surroundings): {
  readonly page: (path: string) => unknown;
  readonly reviews: AdmissionHandler;
} {
  const { manager, services, metrics, clock } = surroundings;
  const book = new UsageBook();
  const { stores } = manager;
  const monitorOf = (serviceUid: string): ResourceMonitor['spec'] => {
    const service = services(stores).get(serviceUid);
    return service && underCompanions(service.composition, service.kind, stores).resmonitor?.spec;
  };
  const countedOf = (serviceUid: string): Counted => monitorOf(serviceUid)?.monitorRelationships ?? 'all';
  const source = { stores, book, countedOf };
  for (const watch of USAGE_WATCHES) manager.ensureWatch(watch);
  for (const kind of [RESOURCE_POLICY, RESOURCE_MONITOR]) manager.ensureWatch({ kind, wakes: () => [] });
  const endpointOf = (serviceUid: string): AppEndpoint | undefined => {
    const parsed = parseAppEndpoint(monitorOf(serviceUid)?.appEndpoints);
    return parsed !== undefined && 'endpoint' in parsed ? parsed.endpoint : undefined;
  };
  const connect: KubeletDeps['connect'] = (access) =>
    createClient(access, { clock, userAgent: 'tenantry-operator' });
  const askNode = kubeletAsker({ ...surroundings, ...surroundings.kubelets, stores, connect });
  manager.addTask(
    usageSampler({ ...surroundings, askNode, stores, book, endpointOf, readPod: podReader(clock) }),
  );
  publishUsage(metrics.registry, source);
  return {
    page: (path) => usagePage(source, path),
    reviews: usageReviews({ ...surroundings, ...source, read: readPage }),
  };
}

/** The page of another replica; the signal bounds the time. Throws where it does not answer with JSON. */
async function readPage(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { signal });
  if (response.status === 404) {
    await response.body?.cancel();
    return undefined;
  }
  return response.json();
}
