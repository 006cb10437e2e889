import { LEDGER, type Ledger } from '../../api/ledger.ts';
import type { Tenant } from '../../api/tenant.ts';
import type { Client } from '../../client/client.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { Finding } from '../../runtime/admission.ts';
import { keyOf } from '../../runtime/object-key.ts';
import { judgePlace, type Ask, type Taken } from './judge.ts';
import { isLedgerOf, newLedger } from './ledger-object.ts';
import { withCreation } from './places.ts';

/**
 * Tries to swap the ledger before the creations are refused as not decided. Somebody else's swap succeeds each time one of ours
 * fails, and each swap of another replica carries all who wait there, so a few rounds do even where hundreds ask at once.
 */
const ATTEMPTS = 20;

/** What the book needs. */
export interface LedgerBookDeps {
  /** Not fenced: every replica admits. */
  readonly client: Client;
  /** Places of everything that a tenant has, read from the API itself: what a ledger begins with. */
  readonly allPlaces: (tenant: Tenant) => Promise<readonly string[]>;
}

interface Waiting {
  readonly ask: Ask;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly resolve: (findings: readonly Finding[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Takes places in the ledgers of tenants, by comparing and swapping: read, judge, write with the version that was read. Whoever asks
 * while a swap is under way goes into the next one together, so that many creations cost few writes.
 */
export class LedgerBook {
  readonly #deps: LedgerBookDeps;
  /** Who waits, by tenant; a tenant with a swap under way has an entry. */
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(deps: LedgerBookDeps) {
    this.#deps = deps;
  }

  /** Why the creation can have no place; nothing if it has it now. A dry run is judged alike and takes none. */
  take(ask: Ask, dryRun: boolean, signal: AbortSignal): Promise<readonly Finding[]> {
    return new Promise((resolve, reject) => {
      const entry: Waiting = { ask, dryRun, signal, resolve, reject };
      const key = `${keyOf(ask.tenant.metadata)}/${ask.tenant.metadata.uid ?? ''}`;
      const queue = this.#waiting.get(key);
      if (queue !== undefined) {
        queue.push(entry);
        return;
      }
      this.#waiting.set(key, [entry]);
      void this.#serve(key);
    });
  }

  async #serve(key: string): Promise<void> {
    for (;;) {
      const queue = this.#waiting.get(key) ?? [];
      const batch = queue.splice(0).filter((one) => !isGone(one));
      if (batch.length === 0 && queue.length === 0) break;
      try {
        const answers = await this.#swap(batch);
        batch.forEach((one, n) => one.resolve(answers[n] ?? []));
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    this.#waiting.delete(key);
  }

  /** Findings in the order of the batch, once what they let through is written. */
  async #swap(batch: readonly Waiting[]): Promise<readonly (readonly Finding[])[]> {
    const [first] = batch;
    if (first === undefined) return [];
    const { tenant } = first.ask;
    for (let attempt = 1; ; attempt += 1) {
      const ledger = await this.#deps.client.find(LEDGER, tenant.metadata);
      const before: Taken = isLedgerOf(ledger, tenant) ? ledger.spec : await this.#begin(tenant);
      const { taken, answers } = judgeAll(before, batch);
      if (taken === before) return answers;
      try {
        await this.#write(tenant, ledger, taken);
        return answers;
      } catch (error) {
        const isOutrun = isKubeError(error, 'Conflict', 'AlreadyExists', 'NotFound');
        if (!isOutrun || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async #begin(tenant: Tenant): Promise<Taken> {
    const places = await this.#deps.allPlaces(tenant);
    return { places: Object.fromEntries(places.map((place) => [place, []])) };
  }

  async #write(tenant: Tenant, read: Ledger | undefined, { places, overSince }: Taken): Promise<void> {
    const { client } = this.#deps;
    const fresh = newLedger(tenant, places);
    if (read === undefined) {
      await client.create(LEDGER, fresh);
      return;
    }
    const { uid = '', resourceVersion = '' } = read.metadata;
    const metadata = { ...fresh.metadata, uid, resourceVersion };
    const spec = { ...fresh.spec, ...(overSince === undefined ? {} : { overSince }) };
    await client.replace(LEDGER, { ...fresh, metadata, spec });
  }
}

/** One after the other on what the ones before left; who only tries leaves nothing. */
function judgeAll(
  before: Taken,
  batch: readonly Waiting[],
): { readonly taken: Taken; readonly answers: readonly (readonly Finding[])[] } {
  let taken = before;
  const answers = batch.map(({ ask, dryRun }) => {
    const findings = judgePlace(taken, ask);
    if (findings.length > 0 || dryRun) return findings;
    const places = withCreation(taken.places, ask.place, ask.uid);
    if (places !== taken.places) taken = { ...taken, places };
    return findings;
  });
  return { taken, answers };
}

/** Nobody waits for the answer any more: a place would be taken for nothing. */
function isGone({ signal, reject }: Waiting): boolean {
  if (!signal.aborted) return false;
  reject(signal.reason);
  return true;
}
