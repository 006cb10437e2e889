import { licenseDenial, licenseName, readLicense } from '../../api/license.ts';
import type { Client } from '../../client/client.ts';
import { CONFIG_MAP, type ConfigMap } from '../../kube/builtin-kinds.ts';
import { pathOf, type Kind, type ObjectRef } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { Clock } from '../../lib/clock.ts';
import { isMap } from '../../lib/narrow.ts';
import type { Finding } from '../../runtime/admission.ts';
import {
  MAX_RESERVED,
  placeOf,
  RESERVED_ANNOTATION,
  reservedIn,
  withPlace,
  type Reserved,
} from './license-places.ts';

/**
 * Milliseconds that a kind is known to have no licence. Most kinds have none, and admission is asked for every instance: with that a new licence is
 * in force after two seconds at the latest, and a changed one at once.
 */
const ABSENT_MS = 2_000;

/** A look for a ConfigMap that is under way or found nothing. */
interface Look {
  readonly answer: Promise<ConfigMap | undefined>;
  /** Monotonic milliseconds from which it is looked for again. */
  until: number;
}

/**
 * Tries to swap a licence before the creation is refused as not decided. Here one at a time tries, so that only other replicas are in the
 * way: a few rounds do.
 */
const ATTEMPTS = 20;
const TOO_MANY =
  'metadata.name: very many creations of this kind are under way, and the outcome of none is known yet; try again in two minutes';

/** The licences of kinds, read at the server where they stand: beside the composition. Instances are counted at each question. */
export class Licenses {
  readonly #client: Pick<Client, 'find' | 'list' | 'raw' | 'patch'>;
  readonly #clock: Clock;
  readonly #looks = new Map<string, Look>();
  /** The last of those that take a place of a licence one after the other. */
  readonly #takers = new Map<string, Promise<unknown>>();

  constructor(client: Pick<Client, 'find' | 'list' | 'raw' | 'patch'>, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /**
   * What the licence of a kind has against one more instance; `namespace` is the composition's. Throws KubeError where the licence can't be read:
   * then nothing is admitted.
   */
  async findings(
    kind: Kind,
    namespace: string,
    ref: ObjectRef,
    signal: AbortSignal,
  ): Promise<readonly Finding[]> {
    const configMap = await this.#find(namespace, licenseName(kind.kind));
    if (configMap === undefined) return [];
    const judged = await this.#judge(kind, configMap, ref, signal);
    return 'denial' in judged ? [{ message: judged.denial }] : [];
  }

  /** The same, and where nothing speaks against it the place is taken. Asked last, for it writes. */
  async take(
    kind: Kind,
    namespace: string,
    ref: ObjectRef,
    signal: AbortSignal,
  ): Promise<readonly Finding[]> {
    const name = licenseName(kind.kind);
    if ((await this.#find(namespace, name)) === undefined) return [];
    const key = `${namespace}/${name}`;
    const before = this.#takers.get(key) ?? Promise.resolve();
    const mine = before.then(() => this.#swap(kind, { namespace, name }, ref, signal));
    const done = mine.catch(() => undefined);
    this.#takers.set(key, done);
    try {
      return await mine;
    } finally {
      if (this.#takers.get(key) === done) this.#takers.delete(key);
    }
  }

  async #swap(
    kind: Kind,
    license: ObjectRef,
    ref: ObjectRef,
    signal: AbortSignal,
  ): Promise<readonly Finding[]> {
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      const configMap = await this.#client.find(CONFIG_MAP, license, { signal });
      if (configMap === undefined) return [];
      const judged = await this.#judge(kind, configMap, ref, signal);
      if ('denial' in judged) return [{ message: judged.denial }];
      if (judged.reserved === undefined) return [];
      if (judged.reserved.size >= MAX_RESERVED) return [{ message: TOO_MANY }];
      const annotation = withPlace(judged.reserved, placeOf(ref), this.#clock.now());
      const { uid, resourceVersion } = configMap.metadata;
      const body = { metadata: { uid, resourceVersion, annotations: { [RESERVED_ANNOTATION]: annotation } } };
      try {
        await this.#client.patch(CONFIG_MAP, license, { type: 'merge', body }, { signal });
        return [];
      } catch (error) {
        if (!isKubeError(error, 'Conflict', 'NotFound') || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** What a licence says to one more; the reservations that count are undefined where it does not limit the number. */
  async #judge(
    kind: Kind,
    { metadata }: ConfigMap,
    ref: ObjectRef,
    signal: AbortSignal,
  ): Promise<{ readonly denial: string } | { readonly reserved: Reserved | undefined }> {
    const license = readLicense(metadata);
    if (typeof license === 'string') return { denial: license };
    const now = this.#clock.now();
    const { allowedInstances } = license;
    const seen =
      allowedInstances === undefined
        ? undefined
        : await this.#count(kind, reservedIn(metadata, now), { ref, allowedInstances, signal });
    const denial = licenseDenial(license, kind.kind, seen?.count ?? 0, now);
    return denial === undefined ? { reserved: seen?.reserved } : { denial };
  }

  /**
   * Instances that are there or on their way, without the one that is asked for. Counted after the reservations were read: whoever was let
   * through before is among them or there by now. While there is much room a number will do, which counts some twice.
   */
  async #count(
    kind: Kind,
    reserved: Reserved,
    asked: { readonly ref: ObjectRef; readonly allowedInstances: number; readonly signal: AbortSignal },
  ): Promise<{ readonly count: number; readonly reserved: Reserved }> {
    const own = placeOf(asked.ref);
    const others = new Map([...reserved].filter(([place]) => place !== own));
    const most = (await countOf(this.#client, kind, asked.signal)) + others.size;
    // A server may estimate the number: near the limit it is not believed.
    if (most * 2 < asked.allowedInstances) return { count: most, reserved: others };
    const { items } = await this.#client.list(kind, { signal: asked.signal });
    const present = new Set(items.map(({ metadata }) => placeOf(metadata)));
    const coming = new Map([...others].filter(([place]) => !present.has(place)));
    present.delete(own);
    return { count: present.size + coming.size, reserved: coming };
  }

  /** One look serves all who ask meanwhile; only that there is none is remembered. */
  #find(namespace: string, name: string): Promise<ConfigMap | undefined> {
    const key = `${namespace}/${name}`;
    const known = this.#looks.get(key);
    if (known !== undefined && this.#clock.monotonic() < known.until) return known.answer;
    const forget = (): void => void this.#looks.delete(key);
    const look: Look = {
      until: Infinity,
      answer: this.#client.find(CONFIG_MAP, { namespace, name }).then(
        (found) => {
          if (found === undefined) look.until = this.#clock.monotonic() + ABSENT_MS;
          else forget();
          return found;
        },
        (error: unknown) => {
          forget();
          throw error;
        },
      ),
    };
    this.#looks.set(key, look);
    return look.answer;
  }
}

/** How many objects of a kind there are, asked with one short answer. */
async function countOf(
  client: Pick<Client, 'list' | 'raw'>,
  kind: Kind,
  signal: AbortSignal,
): Promise<number> {
  const { text } = await client.raw({ method: 'GET', path: `${pathOf(kind, {})}?limit=1`, signal });
  const list: unknown = JSON.parse(text);
  const metadata = isMap(list) && isMap(list['metadata']) ? list['metadata'] : {};
  const items = isMap(list) && Array.isArray(list['items']) ? list['items'].length : 0;
  const remaining = metadata['remainingItemCount'];
  if (typeof remaining === 'number') return items + remaining;
  // A server may leave the number out although there is more.
  return (metadata['continue'] ?? '') === '' ? items : (await client.list(kind, { signal })).items.length;
}
