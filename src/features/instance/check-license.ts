import { licenseDenial, licenseName, readLicense } from '../../api/license.ts';
import type { Client } from '../../client/client.ts';
import { CONFIG_MAP, type ConfigMap } from '../../kube/builtin-kinds.ts';
import { pathOf, type Kind } from '../../kube/kind.ts';
import type { Clock } from '../../lib/clock.ts';
import { isMap } from '../../lib/narrow.ts';
import type { Finding } from '../../runtime/admission.ts';

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
 * The licences of kinds, read at the server where they stand: beside the composition. Instances are counted at each question, so that replicas
 * need not agree; those that are created at the same moment don't see each other.
 */
export class Licenses {
  readonly #client: Pick<Client, 'find' | 'list' | 'raw'>;
  readonly #clock: Clock;
  readonly #looks = new Map<string, Look>();

  constructor(client: Pick<Client, 'find' | 'list' | 'raw'>, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /**
   * What the licence of a kind has against one more instance; `namespace` is the composition's. Throws KubeError where the licence can't be read:
   * then nothing is admitted.
   */
  async findings(kind: Kind, namespace: string, signal: AbortSignal): Promise<readonly Finding[]> {
    const configMap = await this.#find(namespace, licenseName(kind.kind));
    if (configMap === undefined) return [];
    const license = readLicense(configMap.metadata);
    if (typeof license === 'string') return [{ message: license }];
    const count = license.allowedInstances === undefined ? 0 : await countOf(this.#client, kind, signal);
    const denial = licenseDenial(license, kind.kind, count, this.#clock.now());
    return denial === undefined ? [] : [{ message: denial }];
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
