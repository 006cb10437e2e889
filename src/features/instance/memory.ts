import { NAMESPACE, SECRET, SERVICE_ACCOUNT } from '../../kube/builtin-kinds.ts';
import type { ObjectRef } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Written } from '../../runtime/write.ts';
import { keyOfHook, type ScopedHook } from './hooks.ts';
import { entryKey, inventoryOf, type InventoryEntry } from './inventory.ts';
import { versionOf, type KeptRelease, type SecretVersion } from './kept-release.ts';
import { markOf } from './marks.ts';
import type { StatusFacts } from './status.ts';
import type { Failure } from './world.ts';

/** Releases kept with their rendering; one is some tens of KiB. Read again from its Secret when it was dropped. */
const MAX_RELEASES = 64;
/** Repairs of one object in REPAIR_WINDOW_MS before it is left alone for a while: somebody fights with us. */
const MAX_REPAIRS = 5;
const REPAIR_WINDOW_MS = 60_000;

/** What is known of one entry since our last write. */
export type Known = Pick<InventoryEntry, 'uid' | 'mark'>;

/**
 * What a process remembers of an instance between two looks. Only a cache: everything is found again in the API after a
 * restart, at the price of some reads and of writes that change nothing.
 */
export class InstanceMemory {
  /** UID of the instance that this is about: a new one under the name begins with nothing. */
  readonly uid: string;
  /** UIDs and marks by entry key, from the answers to our writes, until they are noted in the inventory. */
  readonly known = new Map<string, Known>();
  /** The release whose Secret is written; without a version while a write of it is not answered. */
  recorded:
    | { readonly number: number; readonly content: string; readonly secret: SecretVersion | undefined }
    | undefined;
  /** The namespace's default account is known to be without a token. */
  accountReady = false;
  /** Digest of the policies that are written. */
  policyDigest: string | undefined;
  /** The service's account has no rights in the namespace any more: what goes with the namespace is left to it. */
  powerless = false;
  /** Why the inputs can't be rendered, so that it is not tried at every look. */
  failure: { readonly inputs: string; readonly failure: Failure; readonly untilMs: number } | undefined;
  /** What was known at the last look, for explaining what failed after it. */
  facts: StatusFacts | undefined;
  /** Refusals of pods, read from events, and until when they are believed (monotonic milliseconds). */
  refusals: { readonly found: Readonly<Record<string, string>>; readonly untilMs: number } | undefined;
  /** When Helm's records are looked at again after a repair (monotonic milliseconds). */
  recordsDueMs: number | undefined;
  /** How often the hooks of the release were tried. */
  readonly attempts = new Map<string, number>();
  /** UIDs of what this release has deleted: the inventory still names some of it. */
  readonly deleted = new Set<string>();
  #awaited: { readonly rendered: string; readonly keys: Set<string> } | undefined;
  #deletions: Set<string> | undefined;
  #policies: { readonly digest: string; readonly keys: Set<string> } | undefined;
  /** When each object was put back, by entry key. */
  readonly #repairs = new Map<string, readonly number[]>();

  constructor(uid: string) {
    this.uid = uid;
  }

  /** Nothing is known any more of the namespace and what stands in it. */
  startAnew(): void {
    this.known.clear();
    this.policyDigest = undefined;
    this.#policies = undefined;
    this.accountReady = false;
    this.recorded = undefined;
  }

  /** The objects that a release has yet to write. Asked again for the same rendering, nothing changes. */
  awaitObjects(rendered: string, keys: Iterable<string>): void {
    if (this.#awaited?.rendered !== rendered) this.#awaited = { rendered, keys: new Set(keys) };
  }

  /** True when all that was awaited for the rendering was answered. */
  isWritten(rendered: string): boolean {
    return this.#awaited?.rendered === rendered && this.#awaited.keys.size === 0;
  }

  /** The Secret of a release: undefined if none was written, `unsure` if its state must be read. */
  recordOf(number: number, content: string | undefined): SecretVersion | undefined | 'unsure' {
    const { recorded } = this;
    if (recorded?.number !== number || recorded.content !== content) return undefined;
    return recorded.secret ?? 'unsure';
  }

  /** The record of a release is about to be written: until that is answered nobody knows its state. */
  awaitRecord({ record, content }: Pick<KeptRelease, 'record' | 'content'>): void {
    this.recorded = { number: record.version, content, secret: undefined };
  }

  /** The objects that go on deletion. */
  awaitDeletions(keys: Iterable<string>): void {
    this.#deletions = new Set(keys);
  }

  /** True when the chart's objects were deleted (on deletion). */
  get objectsDeleted(): boolean {
    return this.#deletions?.size === 0;
  }

  awaitPolicies(digest: string, keys: Iterable<string>): void {
    if (this.#policies?.digest !== digest) this.#policies = { digest, keys: new Set(keys) };
  }

  /** Takes note of what the server answered. */
  learn(written: readonly Written[]): void {
    for (const { write, object } of written) {
      if (write.verb === 'delete') {
        this.deleted.add(write.uid);
        this.#deletions?.delete(entryKey({ kind: write.kind, name: write.ref.name }));
      }
      if (write.kind.kind === SERVICE_ACCOUNT.kind && object?.metadata.name === 'default')
        this.accountReady = true;
      if (write.verb === 'delete' || object === undefined) continue;
      this.#learnRelease(write, object);
      this.#learnInventory(write, object);
      if (write.verb !== 'own') continue;
      const key = entryKey({ kind: write.kind, name: object.metadata.name });
      const mark = markOf(object);
      this.known.set(key, {
        ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
        ...(mark === undefined ? {} : { mark }),
      });
      this.#awaited?.keys.delete(key);
      this.#policies?.keys.delete(key);
    }
    if (this.#policies?.keys.size === 0) this.policyDigest = this.#policies.digest;
  }

  #learnRelease({ kind }: Written['write'], object: KubeObject): void {
    const isSecret = kind.kind === SECRET.kind && kind.group === SECRET.group;
    const match = isSecret ? /^sh\.helm\.release\.v1\..*\.v(\d+)$/.exec(object.metadata.name) : null;
    // The release before is written too, as superseded: it is done with.
    if (this.recorded === undefined || match === null || Number(match[1]) !== this.recorded.number) return;
    this.recorded = { ...this.recorded, secret: versionOf(object) };
  }

  /** What the inventory says now is known to every leader: what another one writes over it later is newer than ours. */
  #learnInventory({ kind }: Written['write'], object: KubeObject): void {
    const inventory = kind.kind === NAMESPACE.kind ? inventoryOf(object) : undefined;
    for (const entry of [...(inventory?.objects ?? []), ...(inventory?.policies ?? [])]) {
      const known = this.known.get(entryKey(entry));
      if (known?.uid === entry.uid && known?.mark === entry.mark) this.known.delete(entryKey(entry));
    }
  }

  /** Counts an attempt of a hook. */
  countAttempt(hook: ScopedHook): void {
    const key = keyOfHook(hook);
    this.attempts.set(key, (this.attempts.get(key) ?? 0) + 1);
  }

  /** Notes a repair of an object at a monotonic time; false if there were too many of it lately. */
  mayRepair(key: string, now: number): boolean {
    const lately = (this.#repairs.get(key) ?? []).filter((at) => now - at < REPAIR_WINDOW_MS);
    const may = lately.length < MAX_REPAIRS;
    this.#repairs.set(key, may ? [...lately, now] : lately);
    return may;
  }
}

/** The memories of one service's instances. */
export class InstanceMemories {
  readonly #wake: (ref: ObjectRef) => void;
  readonly #byRef = new Map<string, InstanceMemory>();
  /** Instances by UID that wait for their turn to be upgraded, in order. */
  readonly #waiting = new Map<string, ObjectRef>();
  readonly #releases = new Map<string, KeptRelease>();
  readonly #upgrading = new Set<string>();

  /** `wake` has an instance looked at soon. */
  constructor(wake: (ref: ObjectRef) => void) {
    this.#wake = wake;
  }

  /** The memory of an instance, new if another one had the name. */
  of(ref: ObjectRef, uid: string): InstanceMemory {
    const key = refKey(ref);
    const present = this.#byRef.get(key);
    if (present !== undefined && present.uid === uid) return present;
    const fresh = new InstanceMemory(uid);
    this.#byRef.set(key, fresh);
    return fresh;
  }

  learn(ref: ObjectRef, written: readonly Written[]): void {
    this.#byRef.get(refKey(ref))?.learn(written);
  }

  /** With a UID only what is known of that instance: another one may have its name now. */
  forget(ref: ObjectRef, uid?: string): void {
    const present = this.#byRef.get(refKey(ref));
    if (present === undefined || (uid !== undefined && present.uid !== uid)) return;
    this.#byRef.delete(refKey(ref));
    this.#waiting.delete(present.uid);
    this.endUpgrade(present.uid);
    for (const key of this.#releases.keys())
      if (key.startsWith(`${present.uid}/`)) this.#releases.delete(key);
  }

  /** Instances that are being upgraded now. */
  get upgrading(): ReadonlySet<string> {
    return this.#upgrading;
  }

  /** Has the instance woken when it is its turn; one that waits already keeps its place. */
  awaitTurn(uid: string, ref: ObjectRef): void {
    if (!this.#waiting.has(uid)) this.#waiting.set(uid, ref);
  }

  beginUpgrade(uid: string): void {
    this.#waiting.delete(uid);
    this.#upgrading.add(uid);
  }

  /** Its place goes to the one that waits longest; also the place of one that was woken and could not begin. */
  endUpgrade(uid: string): void {
    this.#upgrading.delete(uid);
    for (const [next, ref] of this.#waiting) {
      this.#waiting.delete(next);
      this.#wake(ref);
      return;
    }
  }

  /** A kept release, if it has this content or none is given. */
  release(uid: string, number: number, content: string | undefined): KeptRelease | undefined {
    const kept = this.#releases.get(`${uid}/${number}`);
    return content === undefined || kept?.content === content ? kept : undefined;
  }

  /** Keeps a release; the one kept longest goes when there are too many. */
  keep(uid: string, release: KeptRelease): void {
    const key = `${uid}/${release.record.version}`;
    this.#releases.delete(key);
    this.#releases.set(key, release);
    const [oldest] = this.#releases.keys();
    if (this.#releases.size > MAX_RELEASES && oldest !== undefined) this.#releases.delete(oldest);
  }

  /** Forgets the kept releases of an instance: what the API holds is not what we thought. */
  dropReleases(uid: string): void {
    for (const key of this.#releases.keys()) if (key.startsWith(`${uid}/`)) this.#releases.delete(key);
  }
}

function refKey({ namespace, name }: ObjectRef): string {
  return `${namespace ?? ''}/${name}`;
}
