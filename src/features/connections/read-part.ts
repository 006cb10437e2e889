import { isMap } from '../../lib/narrow.ts';

/** A part of an object of unknown shape, by path; undefined where there is none. */
export function partOf(object: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((part, key) => (isMap(part) ? part[key] : undefined), object);
}

/** The maps of a list at a path. */
export function mapsAt(
  object: unknown,
  ...path: readonly string[]
): readonly Readonly<Record<string, unknown>>[] {
  const part = partOf(object, ...path);
  return Array.isArray(part) ? part.filter(isMap) : [];
}

/** The text at a path, if there is some. */
export function textAt(object: unknown, ...path: readonly string[]): string | undefined {
  const part = partOf(object, ...path);
  return typeof part === 'string' && part !== '' ? part : undefined;
}
