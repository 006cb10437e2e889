import { ACCOUNT_ANNOTATION, DEFAULT_SERVICE_GROUP } from '../api/names.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../api/resource-composition.ts';
import { REVISION } from '../api/revision.ts';
import { TENANT } from '../api/tenant.ts';
import { instanceController } from '../features/instance/controller.ts';
import type { InstanceDeps, InstanceService } from '../features/instance/service.ts';
import {
  newestOf,
  type RegisteredService,
  type RegisteredServices,
} from '../features/service/registered-services.ts';
import { instanceCounter, TENANT_CONTROLLER } from '../features/tenancy/tenant-controller.ts';
import { publishWebhooks } from '../features/webhooks/publish-webhooks.ts';
import { CRD } from '../kube/builtin-kinds.ts';
import { groupKindOf, type ObjectRef } from '../kube/kind.ts';
import type { Controller, Stores, Watch } from '../runtime/controller.ts';
import type { Log } from '../runtime/log.ts';
import type { Manager, WatchHold } from '../runtime/manager.ts';
import { NOTHING, type StatusBase } from '../runtime/plan.ts';
import { watch } from '../runtime/watch.ts';

interface Surroundings {
  readonly manager: Pick<
    Manager,
    'addController' | 'removeController' | 'client' | 'stores' | 'enqueue' | 'ensureWatch'
  >;
  readonly services: (stores: Stores) => RegisteredServices;
  /** Kinds (group/Kind) whose stores are filled; kept here. */
  readonly watched: Set<string>;
  readonly deps: InstanceDeps;
  readonly log: Log;
}

type ServiceFollower = Controller<ResourceComposition, undefined, StatusBase>;

/** Controllers that were started, and for which composition: a kind may be registered anew by another one. */
interface Started {
  readonly names: readonly string[];
  readonly hold: WatchHold;
  readonly compositionUid: string;
}

/**
 * What follows the registered services. Controllers that plan nothing: one starts an instance controller for each service
 * in every process that works on instances and ends it when the service is gone; one keeps the webhooks listening to their
 * groups.
 */
export function instanceControllers(surroundings: Surroundings): readonly ServiceFollower[] {
  const { manager, log, services } = surroundings;
  const started = new Map<string, Started>();
  return [
    follower('instance-controllers', 'replicas', log, (stores) =>
      syncControllers(surroundings, started, stores),
    ),
    follower('webhook-groups', 'leader', log, (stores) => {
      const groups = [...services(stores).values()].map(({ kind }) => kind.group);
      return publishWebhooks(
        manager.client,
        groups.filter((group) => group !== DEFAULT_SERVICE_GROUP),
      );
    }),
  ];
}

const WATCHES: readonly Watch[] = [
  watch({
    kind: REVISION,
    wakes: ({ metadata, spec }) => [{ namespace: metadata.namespace, name: spec.composition.name }],
  }),
  watch({
    kind: CRD,
    wakes: (_crd, all) => all.list(RESOURCE_COMPOSITION).map(({ metadata }) => metadata),
  }),
];

function follower(
  name: string,
  placement: 'leader' | 'replicas',
  log: Log,
  follow: (stores: Stores) => Promise<void>,
): ServiceFollower {
  let stores: Stores | undefined;
  return {
    name,
    kind: RESOURCE_COMPOSITION,
    placement,
    // One at a time: all keys lead to the same work.
    concurrency: 1,
    watches: WATCHES,
    observe: async (_composition, read) => {
      stores = read.stores;
      await follow(stores);
      return undefined;
    },
    plan: () => NOTHING,
    forget: () => {
      if (stores === undefined) return;
      follow(stores).catch((error: unknown) =>
        log.error('Services not followed', { controller: name, error }),
      );
    },
  };
}

async function syncControllers(
  surroundings: Surroundings,
  started: Map<string, Started>,
  stores: Stores,
): Promise<void> {
  const { manager, log, services, watched } = surroundings;
  const wanted = new Map(
    [...services(stores).values()].map((service) => [groupKindOf(service.kind), service]),
  );
  for (const [key, running] of started) {
    if (wanted.get(key)?.composition.metadata.uid === running.compositionUid) continue;
    started.delete(key);
    watched.delete(key);
    running.hold.release();
    await Promise.all(running.names.map((name) => manager.removeController(name)));
    log.info('Service ended', { service: key });
  }
  for (const [key, service] of wanted) {
    if (started.has(key)) continue;
    started.set(key, startService(surroundings, key, service));
    log.info('Service started', { service: key });
  }
}

function startService(
  { manager, deps, services, watched }: Surroundings,
  key: string,
  service: RegisteredService,
): Started {
  const controller = instanceController(asInstanceService(service, services), deps);
  const wake = (name: string, ref: ObjectRef): void => manager.enqueue(name, ref);
  const { operatorNamespace } = deps.settings;
  const counter = instanceCounter(service.kind, { operatorNamespace, stores: manager.stores, wake });
  manager.addController(controller);
  manager.addController(counter);
  const hold = manager.ensureWatch(watch({ kind: service.kind, wakes: () => [] }));
  void hold.synced.then(() => {
    watched.add(key);
    // What stands in their ledgers can be told from now on.
    for (const { metadata } of manager.stores.list(TENANT)) wake(TENANT_CONTROLLER, metadata);
  });
  return {
    names: [controller.name, counter.name],
    hold,
    compositionUid: service.composition.metadata.uid ?? '',
  };
}

function asInstanceService(
  { kind, composition }: RegisteredService,
  services: (stores: Stores) => RegisteredServices,
): InstanceService {
  const { namespace = '', name, uid = '' } = composition.metadata;
  return {
    kind,
    composition: { namespace, name, uid },
    provider: composition.metadata.annotations?.[ACCOUNT_ANNOTATION],
    // Asked anew each time: a change of the composition makes a new one.
    currentRevision: (stores, newest) => {
      const registered = services(stores).get(uid);
      return registered && newestOf(registered, newest);
    },
  };
}
