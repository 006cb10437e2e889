import type { KeptObject } from './kept-objects.ts';

/** What an API server puts before a value that it encrypted: how, in which form, with which key. */
const PREFIX = /^k8s:enc:(?<key>[a-z]+:v\d+:[^:]*):/;
/** Of a value as far as the prefix can go. */
const LONGEST = 128;

/** Keys of values that can be read with none of these. Pure. */
export function unreadableKeys(
  objects: Iterable<Pick<KeptObject, 'value'>>,
  keys: readonly string[],
): readonly string[] {
  const found = new Set<string>();
  for (const { value } of objects) {
    const key = PREFIX.exec(value.subarray(0, LONGEST).toString('latin1'))?.groups?.['key'];
    if (key !== undefined && !keys.includes(key)) found.add(key);
  }
  return [...found];
}
