import { DEFAULT_SERVICE_GROUP } from '../api/names.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../api/resource-composition.ts';
import { REVISION } from '../api/revision.ts';
import { instanceController } from '../features/instance/controller.ts';
import type { InstanceDeps, InstanceService } from '../features/instance/service.ts';
import { registeredServices, type RegisteredService } from '../features/service/registered-services.ts';
import { publishWebhooks } from '../features/webhooks/publish-webhooks.ts';
import { CRD } from '../kube/builtin-kinds.ts';
import { groupKindOf } from '../kube/kind.ts';
import type { Controller, Stores } from '../runtime/controller.ts';
import type { Log } from '../runtime/log.ts';
import type { Manager } from '../runtime/manager.ts';
import { NOTHING, type StatusBase } from '../runtime/plan.ts';
import { watch } from '../runtime/watch.ts';

interface Surroundings {
  readonly manager: Pick<Manager, 'addController' | 'removeController' | 'client'>;
  readonly deps: InstanceDeps;
  readonly log: Log;
}

/** A controller that was started, and for which composition: a kind may be registered anew by another one. */
interface Started {
  readonly name: string;
  readonly compositionUid: string;
}

/**
 * Starts an instance controller for each registered service and ends it when the service is gone, and keeps the webhooks
 * listening to their groups. Itself a controller that plans nothing: what it changes is this process and two configurations.
 */
export function instanceControllers(
  surroundings: Surroundings,
): Controller<ResourceComposition, undefined, StatusBase> {
  const started = new Map<string, Started>();
  let stores: Stores | undefined;
  const sync = async (): Promise<void> => {
    if (stores !== undefined) await syncControllers(surroundings, started, registeredServices(stores));
  };
  return {
    name: 'instance-controllers',
    kind: RESOURCE_COMPOSITION,
    // One at a time: all keys lead to the same work.
    concurrency: 1,
    watches: [
      watch({
        kind: REVISION,
        wakes: ({ metadata, spec }) => [{ namespace: metadata.namespace, name: spec.composition.name }],
      }),
      watch({
        kind: CRD,
        wakes: (_crd, all) => all.list(RESOURCE_COMPOSITION).map(({ metadata }) => metadata),
      }),
    ],
    observe: async (_composition, read) => {
      stores = read.stores;
      await sync();
      return undefined;
    },
    plan: () => NOTHING,
    forget: () => {
      sync().catch((error: unknown) => surroundings.log.error('Instance controllers not synced', { error }));
    },
  };
}

async function syncControllers(
  { manager, deps, log }: Surroundings,
  started: Map<string, Started>,
  services: readonly RegisteredService[],
): Promise<void> {
  const wanted = new Map(services.map((service) => [groupKindOf(service.kind), service]));
  for (const [key, running] of started) {
    if (wanted.get(key)?.composition.metadata.uid === running.compositionUid) continue;
    started.delete(key);
    await manager.removeController(running.name);
    log.info('Service ended', { service: key });
  }
  for (const [key, service] of wanted) {
    if (started.has(key)) continue;
    const controller = instanceController(asInstanceService(service), deps);
    manager.addController(controller);
    started.set(key, { name: controller.name, compositionUid: service.composition.metadata.uid ?? '' });
    log.info('Service started', { service: key });
  }
  const foreign = services.map(({ kind }) => kind.group).filter((group) => group !== DEFAULT_SERVICE_GROUP);
  await publishWebhooks(manager.client, foreign);
}

function asInstanceService({ kind, composition }: RegisteredService): InstanceService {
  const { namespace = '', name, uid = '' } = composition.metadata;
  return {
    kind,
    composition: { namespace, name, uid },
    // Asked anew each time: a change of the composition makes a new one.
    currentRevision: (stores) =>
      registeredServices(stores).find((service) => service.composition.metadata.uid === uid)?.revision,
  };
}
