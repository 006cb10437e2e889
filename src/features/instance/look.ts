import type { Instance } from '../../api/instance.ts';
import type { InstanceRevision } from '../../api/revision.ts';
import type { Client, Reader } from '../../client/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Read } from '../../runtime/controller.ts';
import type { Charts } from './charts.ts';
import type { Inventory } from './inventory.ts';
import type { InstanceMemories, InstanceMemory } from './memory.ts';
import type { Identity } from './policies.ts';
import type { InstanceDeps, InstanceService } from './service.ts';
import type { SecretValues, ValueSecrets } from './value-secrets.ts';

/** What the controller of a service keeps between looks. */
export interface Surroundings {
  readonly service: InstanceService;
  readonly deps: InstanceDeps;
  readonly memories: InstanceMemories;
  readonly charts: Charts;
  readonly secrets: ValueSecrets;
}

/** One look at one instance: what all parts of observing need. */
export interface Look extends Surroundings {
  readonly instance: Instance;
  readonly read: Read;
  readonly signal: AbortSignal;
  readonly identity: Identity;
  readonly memory: InstanceMemory;
  readonly deleting: boolean;
  /** Deletion is forced by label. */
  readonly forced: boolean;
  readonly namespace: NamespaceSeen;
  readonly inventory: Inventory | undefined;
  /** As the instance runs it, under the plan of its tenant. */
  readonly revision: InstanceRevision | undefined;
  /** Digest of what should be rendered from. */
  readonly inputs: string;
  readonly secretValues: SecretValues;
  /** Reads with the rights of the service's account. */
  readonly account: Reader;
}

/** What stands under the name of the instance's namespace. */
export type NamespaceSeen =
  | { readonly state: 'absent' }
  | { readonly state: 'ours' | 'terminating' | 'taken'; readonly object: KubeObject };

/** The operator's client as the service's account. */
export function accountOf(client: Client, identity: Identity): Client {
  return client.as(identity.account);
}
