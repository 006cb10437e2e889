import type { Instance, InstanceStatus } from '../../api/instance.ts';
import { groupKindOf, type Kind } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { Controller } from '../../runtime/controller.ts';
import { Charts } from './charts.ts';
import { identityOf } from './identity.ts';
import type { Surroundings } from './look.ts';
import { InstanceMemories } from './memory.ts';
import { observeInstance } from './observe.ts';
import { explainInstance, planInstance } from './plan.ts';
import { factsOf } from './plan-verdict.ts';
import type { InstanceDeps, InstanceService } from './service.ts';
import { ValueSecrets } from './value-secrets.ts';
import { instanceWatches } from './watches.ts';
import type { InstanceWorld } from './world.ts';

/** Instances of a service that are worked on at the same time. */
const CONCURRENCY = 10;

/** The name of the controller of a kind, unique in a manager. */
export function instanceControllerName(kind: Kind<Instance>): string {
  return `instance ${groupKindOf(kind)}`;
}

/** The controller of all instances of one service. */
export function instanceController(
  service: InstanceService,
  deps: InstanceDeps,
): Controller<Instance, InstanceWorld, InstanceStatus> {
  const surroundings: Surroundings = {
    service,
    deps,
    memories: new InstanceMemories((ref) => deps.wake(instanceControllerName(service.kind), ref)),
    charts: new Charts(deps.engine, deps.client),
    secrets: new ValueSecrets(deps.clock),
  };
  const { memories } = surroundings;
  return {
    name: instanceControllerName(service.kind),
    kind: service.kind,
    placement: 'shards',
    watches: instanceWatches(service, deps.settings.operatorNamespace),
    concurrency: CONCURRENCY,
    observe: async (instance, read) => {
      const world = await observeInstance(instance, read, surroundings);
      memories.of(instance.metadata, instance.metadata.uid ?? '').facts = factsOf(world);
      return world;
    },
    plan: planInstance,
    explain: (instance, error, now) => {
      const memory = memories.of(instance.metadata, instance.metadata.uid ?? '');
      // Tried again without the account: what it can't delete goes with the namespace.
      if (instance.metadata.deletionTimestamp !== undefined && isKubeError(error, 'Forbidden'))
        memory.powerless = true;
      if (isKubeError(error, 'NotFound')) {
        // Something that we believed to be there is gone, a release Secret for instance: look again.
        memory.recorded = undefined;
        memories.dropReleases(memory.uid);
      }
      return explainInstance(instance, memory.facts ?? noFacts(instance, surroundings), error, now);
    },
    wrote: (ref, written) => memories.learn(ref, written),
    forget: (ref, uid) => memories.forget(ref, uid),
  };
}

/** The first look failed before anything was known. */
function noFacts(instance: Instance, { service, deps }: Surroundings): ReturnType<typeof factsOf> {
  const { target, release } = identityOf(instance, service, deps.settings);
  return {
    target,
    release,
    holdsNamespace: false,
    inventory: undefined,
    helmrelease: undefined,
    url: undefined,
    isolation: undefined,
    secrets: [],
  };
}
