import type { Instance } from '../../api/instance.ts';
import type { Reader } from '../../client/client.ts';
import { SECRET, type Secret } from '../../kube/builtin-kinds.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { parseYaml } from '../../kube/yaml.ts';
import type { Clock } from '../../lib/clock.ts';
import { valuesFailure } from './failures.ts';
import type { Values, ValuesSource } from './values.ts';
import type { Failure } from './world.ts';
import { isJsonObject } from '../../api/json-schema.ts';

/** Key that holds the values if the instance names none. */
export const DEFAULT_VALUES_KEY = 'values.yaml';
/** Milliseconds for which a Secret is not read again: every event in a namespace leads to a look at the instance. */
const BELIEVED_MS = 5_000;
/** Milliseconds until they are read again without any event: Secrets can't be watched (the operator reads them by name only). */
export const VALUES_AGAIN_MS = 300_000;

/** Values of an instance's Secrets, with what tells their versions apart. */
export interface SecretValues {
  readonly sources: readonly ValuesSource[];
  readonly values: readonly Values[];
}

interface Kept {
  readonly secret: Secret | undefined;
  readonly untilMs: number;
}

/** Reads the Secrets that instances take values from; each at most every few seconds. */
export class ValueSecrets {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The values in the instance's order, or why there are none. */
  async read(
    instance: Instance,
    reader: Reader,
    signal: AbortSignal,
  ): Promise<SecretValues | { readonly failure: Failure }> {
    const sources: ValuesSource[] = [];
    const values: Values[] = [];
    const namespace = instance.metadata.namespace ?? '';
    for (const { secretName: name, key = DEFAULT_VALUES_KEY } of instance.tenantry?.valuesFrom ?? []) {
      const secret = await this.#find(instance, name, reader, signal);
      if (typeof secret === 'string') return { failure: valuesFailure(secret) };
      const parsed = parse(secret, namespace, key);
      if (typeof parsed === 'string') return { failure: valuesFailure(parsed) };
      const { uid = '', resourceVersion = '' } = secret.metadata;
      sources.push({ name: `${name}/${key}`, uid, resourceVersion });
      values.push(parsed);
    }
    return { sources, values };
  }

  async #find(
    { metadata }: Instance,
    name: string,
    reader: Reader,
    signal: AbortSignal,
  ): Promise<Secret | string> {
    const { namespace = '', uid = '', generation = 0 } = metadata;
    const id = `${namespace}/${name}`;
    // Whoever corrects a Secret often corrects the instance, too: what was read before that says nothing any more, and a
    // refusal by it would stand until the next look, minutes later.
    const look = `${uid} ${generation} ${id}`;
    const kept = this.#kept.get(look);
    const now = this.#clock.monotonic();
    if (kept !== undefined && kept.untilMs > now && kept.secret !== undefined) return kept.secret;
    for (const [key, { untilMs }] of this.#kept) if (untilMs <= now) this.#kept.delete(key);
    try {
      const secret = await reader.find(SECRET, { namespace, name }, { signal });
      if (secret === undefined)
        return `Secret ${id}, named in tenantry.valuesFrom, does not exist; create it`;
      this.#kept.set(look, { secret, untilMs: now + BELIEVED_MS });
      return secret;
    } catch (error) {
      if (!isKubeError(error, 'Forbidden')) throw error;
      return `Secret ${id}, named in tenantry.valuesFrom, may not be read by the operator; grant its account \`get\` on that Secret by a Role in the namespace`;
    }
  }
}

/** The values under a key, or what is wrong with them. Never repeats a value. */
function parse(secret: Secret, namespace: string, key: string): Values | string {
  const where = `Secret ${namespace}/${secret.metadata.name}, key ${key}, named in tenantry.valuesFrom`;
  const text = secret.data?.[key];
  if (text === undefined) return `${where}, does not exist; put the values there as YAML`;
  try {
    const values = parseYaml(Buffer.from(text, 'base64').toString('utf8')) ?? {};
    return isJsonObject(values) ? values : `${where}, holds no map; values are \`name: value\` lines`;
  } catch {
    // The parser's message may quote the text.
    return `${where}, is not YAML`;
  }
}
