import { isJsonObject, type JsonObject } from '../../../api/json-schema.ts';
import type { VirtualClusterSpec } from '../../../api/virtual-cluster.ts';
import type { Json } from '../../../kube/object.ts';
import { deepEqual } from '../../../lib/deep-equal.ts';
import type { KeyRule } from './key-rule.ts';
import { KEY_FOLDERS, keysBelow, KNOWN_KEYS } from './known-keys.ts';
import { readPolicies, textsOf, type Policies } from './policies.ts';

/** What values of vcluster's come to. */
export interface ReadValues extends Policies {
  readonly spec: VirtualClusterSpec;
  /** What can't be had or is no key, a sentence each. Where there are any, nothing of it may be used. */
  readonly findings: readonly string[];
  /** What was said and changes nothing, a sentence each. */
  readonly notes: readonly string[];
}

/** What was found at one key. */
type Found =
  | { readonly is: 'finding' | 'note'; readonly text: string }
  | { readonly is: 'field'; readonly path: string; readonly value: Json };

/** Reads `vcluster.yaml`, the values of vcluster's chart, or those of its older charts. Throws nothing: all that is wrong is told at once. */
export function readVclusterValues(values: JsonObject): ReadValues {
  const found = foundIn(values, '');
  const spec = found.reduce<JsonObject>(
    (all, one) => (one.is === 'field' ? setAt(all, one.path.split('.'), one.value) : all),
    {},
  );
  const texts = (is: 'finding' | 'note') => found.flatMap((one) => (one.is === is ? [one.text] : []));
  return {
    // The rules know its fields' names; the API server holds the values to the schema.
    spec,
    ...readPolicies(values),
    findings: texts('finding'),
    notes: texts('note'),
  };
}

/** `above` is the rule of the folder itself, for keys that have none of their own. */
function foundIn(values: JsonObject, folder: string, above?: KeyRule): readonly Found[] {
  return Object.entries(values).flatMap(([key, value]): readonly Found[] => {
    const path = folder === '' ? key : `${folder}.${key}`;
    const rule = KNOWN_KEYS.get(path) ?? above;
    if (KEY_FOLDERS.has(path) && isJsonObject(value)) return foundIn(value, path, rule);
    if (rule !== undefined) return judge({ ...rule, path }, value);
    const known = keysBelow(KEY_FOLDERS.has(path) ? path : folder).join(', ');
    if (!KEY_FOLDERS.has(path)) return [finding(`${path}: no such key; there are ${known}`)];
    return asksNothing(value) ? [] : [finding(`${path}: must be a map with keys of ${known}`)];
  });
}

function judge(rule: KeyRule, value: Json): readonly Found[] {
  const { path, is, why, values = [] } = rule;
  switch (is) {
    case 'field':
      return fieldOf(rule, value);
    case 'policy':
      return [];
    case 'moot':
      return asksNothing(value) ? [] : [{ is: 'note', text: `${path} changes nothing: ${why}` }];
    case 'always':
      return value === null || values.some((one) => deepEqual(one, value))
        ? []
        : [finding(`${path}: ${JSON.stringify(value)} is not supported: ${why}`)];
    case 'refused':
      return asksNothing(value) || values.some((one) => asksNoMore(value, one))
        ? []
        : [finding(`${path}: not supported: ${why}`)];
  }
}

function fieldOf({ field = '', gives }: KeyRule, value: Json): readonly Found[] {
  if (value === null || value === '' || value === 'auto') return [];
  if (gives === undefined)
    return [{ is: 'field', path: field, value: isJsonObject(value) ? textsOf(value) : value }];
  return value === true ? [{ is: 'field', path: field, value: gives }] : [];
}

/** True for what is switched off, empty, or left to the program. */
function asksNothing(value: Json): boolean {
  if (value === null || value === false || value === '' || value === 0 || value === 'auto') return true;
  if (Array.isArray(value)) return value.length === 0;
  if (!isJsonObject(value)) return false;
  if (value['enabled'] === false || value['enabled'] === 'auto') return true;
  return Object.values(value).every(asksNothing);
}

/** True if a value says nothing beyond what one that asks for nothing says. */
function asksNoMore(value: Json, harmless: Json): boolean {
  if (!isJsonObject(value) || !isJsonObject(harmless)) return deepEqual(value, harmless);
  return Object.entries(value).every(
    ([key, one]) => asksNothing(one) || (Object.hasOwn(harmless, key) && deepEqual(one, harmless[key])),
  );
}

function setAt(object: JsonObject, [first = '', ...rest]: readonly string[], value: Json): JsonObject {
  if (rest.length === 0) return { ...object, [first]: value };
  const below = object[first];
  return { ...object, [first]: setAt(isJsonObject(below) ? below : {}, rest, value) };
}

const finding = (text: string): Found => ({ is: 'finding', text });
