import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Assignments } from './policy-pod.ts';

interface Entry {
  readonly podUid: string;
  readonly sandbox: string;
}

/**
 * Which pod holds which address, as the node itself gave it: known earlier than by any status. Kept in a file, too, so that
 * an agent that is restarted in the second between a pod's start and its first status does not forget the pod.
 */
export class AddressBook {
  readonly #path: string;
  readonly #entries = new Map<string, Entry>();
  #saving: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** Reads the file; one that is missing or unreadable counts as empty: statuses fill the gap. */
  async load(): Promise<void> {
    try {
      const parsed: unknown = JSON.parse(await readFile(this.#path, 'utf8'));
      for (const [address, entry] of Object.entries(parsed ?? {})) {
        if (isEntry(entry)) this.#entries.set(address, entry);
      }
    } catch {
      this.#entries.clear();
    }
  }

  /** Address → UID, of pods that `isAlive` knows. What a pod left behind that is gone must not hide who has it now. */
  assignments(isAlive: (podUid: string) => boolean): Assignments {
    const alive = [...this.#entries].filter(([, entry]) => isAlive(entry.podUid));
    return new Map(alive.map(([address, entry]) => [address, entry.podUid]));
  }

  /** Notes who has the addresses from now on. Resolves when it is on disk. */
  assign(addresses: readonly string[], entry: Entry): Promise<void> {
    for (const address of addresses) this.#entries.set(address, entry);
    return this.#save();
  }

  /** Forgets what a sandbox held. True if it held anything. */
  async release(sandbox: string): Promise<boolean> {
    const held = [...this.#entries].filter(([, entry]) => entry.sandbox === sandbox);
    for (const [address] of held) this.#entries.delete(address);
    if (held.length > 0) await this.#save();
    return held.length > 0;
  }

  /** One write after the other, each of the latest state, and never half a file. */
  #save(): Promise<void> {
    const write = async (): Promise<void> => {
      const fresh = `${this.#path}.new`;
      await writeFile(fresh, JSON.stringify(Object.fromEntries(this.#entries)));
      await rename(fresh, this.#path);
    };
    this.#saving = this.#saving.then(write, write);
    return this.#saving;
  }
}

function isEntry(value: unknown): value is Entry {
  return (
    typeof value === 'object' &&
    value !== null &&
    'podUid' in value &&
    'sandbox' in value &&
    typeof value.podUid === 'string' &&
    typeof value.sandbox === 'string'
  );
}
