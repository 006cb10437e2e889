import { CURRENT_KEYS } from './current-keys.ts';
import type { KeyRule } from './key-rule.ts';
import { OLDER_KEYS } from './older-keys.ts';

/** The rule of each key, of both forms: they have no key in common that means two things. */
export const KNOWN_KEYS: ReadonlyMap<string, KeyRule> = new Map(
  [...OLDER_KEYS, ...CURRENT_KEYS].map((rule) => [rule.path, rule]),
);

/** The keys that have rules below them. */
export const KEY_FOLDERS: ReadonlySet<string> = new Set(
  [...KNOWN_KEYS.keys()].flatMap((path) => {
    const parts = path.split('.');
    return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('.'));
  }),
);

/** What may be said right below a key; below nothing: at the top. */
export function keysBelow(folder: string): readonly string[] {
  const depth = folder === '' ? 0 : folder.split('.').length;
  const below = [...KNOWN_KEYS.keys()].filter((path) => folder === '' || path.startsWith(`${folder}.`));
  return [...new Set(below.map((path) => path.split('.')[depth] ?? ''))].toSorted();
}
