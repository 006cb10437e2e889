import type { InstanceRevision } from '../../api/revision.ts';
import type { Kind } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Inventory, InventoryEntry } from './inventory.ts';
import type { KeptRelease } from './kept-release.ts';
import type { Known } from './memory.ts';
import type { NextAction } from './next-action.ts';
import type { Identity, KindedObject } from './policies.ts';
import type { Readiness } from './readiness.ts';
import type { ReleaseRecords } from './release-records.ts';
import type { ExposedService } from './exposure.ts';

/** Why an instance does not get further. */
export interface Failure {
  /** CamelCase word for the condition. */
  readonly reason: string;
  readonly message: string;
  /** Nothing but a change by somebody helps. */
  readonly stalled: boolean;
  /** Milliseconds until it is tried again without a change; undefined: only when something changes. */
  readonly retryMs?: number;
}

/** What the rendering decides about policies. */
export interface ReleaseTraits {
  readonly exposed: readonly ExposedService[];
  readonly usesApi: boolean;
}

/** The policies of an instance and their digest. */
export interface PolicyWorld extends ReleaseTraits {
  readonly objects: readonly KindedObject[];
  readonly labels: Readonly<Record<string, string>>;
  readonly digest: string;
}

/** Everything that a plan is made of. */
export interface InstanceWorld {
  readonly identity: Identity;
  readonly action: NextAction;
  /** Set if the action can't be done; then only the status is written. */
  readonly failure?: Failure;
  /** Kind of the instance of the same name that was migrated from this one and has its namespace. */
  readonly takenBy?: string | undefined;
  /** The namespace as the store or our last write has it, if it is ours. */
  readonly namespace: KubeObject | undefined;
  readonly inventory: Inventory | undefined;
  readonly revision: InstanceRevision | undefined;
  readonly inputs: string;
  readonly policies: PolicyWorld | undefined;
  /** The release that is being written or repaired, when the action needs it. */
  readonly release: KeptRelease | undefined;
  /** Keys of the release's objects that must be written; the others are as they were. */
  readonly changed: ReadonlySet<string>;
  /** Secret of the release before, to be marked as superseded. */
  readonly previous: KeptRelease | undefined;
  /** The release's Helm records, where the action repairs or writes them. */
  readonly records: ReleaseRecords | undefined;
  /** Secret of a release that is older than is kept. */
  readonly outdated: { readonly name: string; readonly uid: string } | undefined;
  /** UIDs and marks from our last writes. */
  readonly known: ReadonlyMap<string, Known>;
  /** Digest of the policies that were written. */
  readonly writtenPolicies: string | undefined;
  /** True if the account `default` is not known to be as it should be. */
  readonly isAccountOpen: boolean;
  /** Entries whose objects others changed or deleted. */
  readonly drifted: readonly InventoryEntry[];
  /** Objects to delete, with the UIDs they have. */
  readonly deletions: readonly { readonly kind: Kind; readonly name: string; readonly uid: string }[];
  readonly readiness: Readiness | undefined;
  readonly url: string | undefined;
  /** Secret texts among the values: no message repeats them. */
  readonly secrets: readonly string[];
  /** `status.helmrelease` as it should read; undefined before the first release ran. */
  readonly helmrelease: string | undefined;
  /** Milliseconds for which a leader before us may still make objects; 0 if none can. */
  readonly lateMs: number;
  /** Others waiting for Secrets that can't be watched: milliseconds until they are read again. */
  readonly lookAgainMs: number | undefined;
}

/** A world whose action writes or repairs a release, which is at hand. */
export type ReleaseWorld = InstanceWorld & { readonly release: KeptRelease };
