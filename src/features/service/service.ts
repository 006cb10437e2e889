import { REGISTERED_BY_LABEL, MANAGED_BY_VALUE, SERVICE_UID_LABEL } from '../../api/names.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../../api/resource-composition.ts';
import { RESOURCE_MONITOR } from '../../api/resource-monitor.ts';
import { RESOURCE_POLICY } from '../../api/resource-policy.ts';
import { REVISION } from '../../api/revision.ts';
import { CRD } from '../../kube/builtin-kinds.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { ObjectRef } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Controller, Stores } from '../../runtime/controller.ts';
import { isNotOurs } from '../../runtime/not-ours.ts';
import type { Plan } from '../../runtime/plan.ts';
import { watch } from '../../runtime/watch.ts';
import type { ServiceDeps } from './dependencies.ts';
import { observeService } from './observe-service.ts';
import { planService } from './plan-service.ts';
import { ChartMemory } from './prepare-chart.ts';
import { failedStatus, type ServiceStatus } from './service-status.ts';
import type { ServiceWorld } from './world.ts';
import { messageOf } from '../../lib/error-text.ts';

/** Registrations worked on at the same time: each may fetch and render a chart. */
const CONCURRENCY = 4;

/** Turns ResourceCompositions into services. Wiring only: `observe-service`, `plan-service` and what they use decide. */
export function serviceController(
  deps: ServiceDeps,
): Controller<ResourceComposition, ServiceWorld, ServiceStatus> {
  const memory = new ChartMemory();
  return {
    name: 'service',
    kind: RESOURCE_COMPOSITION,
    concurrency: CONCURRENCY,
    watches: [
      watch({
        kind: REVISION,
        wakes: ({ metadata, spec }) => [{ namespace: metadata.namespace, name: spec.composition.name }],
      }),
      // What is laid over a composition, and the records of its own: whoever deletes one gets it back.
      watch({ kind: RESOURCE_POLICY, heeds: isSpecNew, wakes: neighbours }),
      watch({ kind: RESOURCE_MONITOR, heeds: isSpecNew, wakes: neighbours }),
      watch({
        kind: CRD,
        labelSelector: `${REGISTERED_BY_LABEL}=${MANAGED_BY_VALUE}`,
        wakes: ({ metadata }, stores) =>
          stores
            .list(RESOURCE_COMPOSITION)
            .filter((composition) => composition.metadata.uid === metadata.labels?.[SERVICE_UID_LABEL])
            .map((composition) => composition.metadata),
      }),
    ],
    observe: (composition, read) => {
      memory.keepOnly(
        new Set(read.stores.list(RESOURCE_COMPOSITION).flatMap(({ metadata }) => metadata.uid ?? [])),
      );
      return observeService(composition, read, deps, memory);
    },
    plan: planService,
    explain: explainService,
  };
}

/** The compositions of its namespace. */
function neighbours({ metadata }: KubeObject, stores: Stores): readonly ObjectRef[] {
  return stores.list(RESOURCE_COMPOSITION, metadata.namespace).map((composition) => composition.metadata);
}

/** Its status, which the operator writes, is no news. */
function isSpecNew({ metadata }: KubeObject, previous: KubeObject): boolean {
  return metadata.generation !== previous.metadata.generation;
}

/** What to tell about errors of the API: who must do what. */
export function explainService(
  composition: ResourceComposition,
  error: unknown,
  now: number,
): Plan<ServiceStatus> {
  const message = messageOf(error);
  const isForbidden = isKubeError(error, 'Forbidden');
  const reason = isNotOurs(error) ? 'NameTaken' : isForbidden ? 'MissingPermissions' : 'WriteFailed';
  const remedy = isForbidden
    ? '; grant the operator this right (in a namespace of a provider: docs/guide.md, "A namespace for each provider")'
    : '';
  // The loop tries again by itself, hence `retryMs`: the condition says that it is being worked on.
  const problem = { reason, message: `${message}${remedy}`, retryMs: 0 } as const;
  return { stages: [], status: failedStatus(composition, [problem], undefined, now) };
}
