import { isJsonObject } from '../../api/json-schema.ts';
import type { Json } from '../../kube/object.ts';

/** An action that ends in `toJson` and is all of a text: what comes out is a value, not a text. */
const VALUE = /^\s*\{\{(?:"(?:\\.|[^"\\])*"|`[^`]*`|(?!\}\})[^"`])*\|\s*toJson\s*-?\}\}\s*$/;

/** The texts of a value that are templates, keys included; others are never looked at again. */
export function leavesOf(value: Json): readonly string[] {
  const found = new Set<string>();
  collect(value, found);
  return [...found];
}

function collect(value: Json, into: Set<string>): void {
  if (typeof value === 'string') {
    if (value.includes('{{')) into.add(value);
  } else if (Array.isArray(value)) {
    // A JSON list.
    for (const item of value as readonly Json[]) collect(item, into);
  } else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      collect(key, into);
      collect(item, into);
    }
  }
}

/**
 * The value with what its templates came out as. Each text is put in the place of the one text it was, so whatever a variable holds
 * (quotes, lines, braces), it is the content of that text and nothing else.
 */
export function withLeaves(value: Json, rendered: ReadonlyMap<string, string>): Json {
  if (typeof value === 'string') {
    const text = rendered.get(value);
    if (text === undefined) return value;
    // What toJson writes is JSON; an empty text is what an `if` around nothing gives.
    return VALUE.test(value) ? (JSON.parse(text === '' ? 'null' : text) as Json) : text;
  }
  if (Array.isArray(value)) {
    // A JSON list.
    return (value as readonly Json[]).map((item) => withLeaves(item, rendered));
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [rendered.get(key) ?? key, withLeaves(item, rendered)]),
  );
}
