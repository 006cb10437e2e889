import { SECRET, type Secret } from '../../kube/builtin-kinds.ts';
import type { StoreLook } from './tend-store.ts';
import type { Written } from '../../runtime/write.ts';

/** A cache about one namespace of a plane or of the shared store. What is lost with it is read or done again. */
export interface PlaneMemory {
  readonly uid: string;
  /** Secrets by name. */
  readonly secrets: Map<string, Secret>;
  /** Monotonic time when they were read. */
  readAt: number;
  /** What was last done about role and database, to do it again only when it differs. */
  database: string | undefined;
  /** What all its Secrets were written anew for. */
  rewritten: string | undefined;
  hasAnswered: boolean;
  look: StoreLook | undefined;
}

/** What the controller remembers, by namespace. */
export class PlaneMemories {
  readonly #byNamespace = new Map<string, PlaneMemory>();

  /** The memory about whoever has this UID; that about another one is forgotten. */
  of(namespace: string, uid: string): PlaneMemory {
    const known = this.#byNamespace.get(namespace);
    if (known?.uid === uid) return known;
    const fresh: PlaneMemory = {
      uid,
      secrets: new Map(),
      readAt: 0,
      database: undefined,
      rewritten: undefined,
      hasAnswered: false,
      look: undefined,
    };
    this.#byNamespace.set(namespace, fresh);
    return fresh;
  }

  /** Secrets as they were just written need not be read again. */
  learn(written: readonly Written[]): void {
    for (const { write, object } of written) {
      if (write.kind !== SECRET || object === undefined) continue;
      const { namespace = '', name } = object.metadata;
      this.#byNamespace.get(namespace)?.secrets.set(name, object);
    }
  }

  /** Role and database of a plane are as the action says. */
  learnDatabase(namespace: string, digest: string): void {
    const memory = this.#byNamespace.get(namespace);
    if (memory !== undefined) memory.database = digest;
  }

  /** All Secrets of a plane are as its API servers write them. */
  learnRewritten(namespace: string, rewritten: string): void {
    const memory = this.#byNamespace.get(namespace);
    if (memory !== undefined) memory.rewritten = rewritten;
  }

  /** What was seen of a plane's store. */
  learnStore(namespace: string, look: StoreLook): void {
    const memory = this.#byNamespace.get(namespace);
    if (memory !== undefined) memory.look = look;
  }

  forget(namespace: string): void {
    this.#byNamespace.delete(namespace);
  }
}
