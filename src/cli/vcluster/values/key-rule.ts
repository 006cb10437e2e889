import type { Json } from '../../../kube/object.ts';

/**
 * What a key of vcluster's configuration means here. A rule counts for its key and for everything below it that has no rule of
 * its own.
 */
export interface KeyRule {
  /** Keys joined by dots. */
  readonly path: string;
  /**
   * `field`: becomes a field of VirtualCluster. `policy`: becomes the namespace's ResourceQuota or LimitRange. `always`: what one of `values`
   * asks for is always so, anything else is refused. `moot`: there is nothing here that it could change. `refused`: it can't be had.
   */
  readonly is: 'field' | 'policy' | 'always' | 'moot' | 'refused';
  /** For people: why it is so, or what it becomes. */
  readonly why: string;
  /** For `field`: where in the spec, keys joined by dots. */
  readonly field?: string;
  /** For `field`: what the field becomes where the key is `true`; without it the field takes the key's value. */
  readonly gives?: Json;
  /** For `always`: what may be said. For `refused`: what asks for nothing (beside what asks for nothing everywhere). */
  readonly values?: readonly Json[];
}

/** Paths that have a prefix in common. */
const under = (prefix: string, names: string): readonly string[] =>
  names.split(' ').map((name) => (prefix === '' ? name : `${prefix}.${name}`));

/** Rows for keys, `names` with spaces between, that can't be had for one reason. */
export function refused(
  prefix: string,
  names: string,
  why: string,
  ...values: readonly Json[]
): readonly KeyRule[] {
  return under(prefix, names).map((path) => ({
    path,
    is: 'refused',
    why,
    ...(values.length > 0 ? { values } : {}),
  }));
}

/** Rows for keys that change nothing for one reason. */
export function moot(prefix: string, names: string, why: string): readonly KeyRule[] {
  return under(prefix, names).map((path) => ({ path, is: 'moot', why }));
}

/** Rows for keys that may say only what is so anyway. */
export function always(prefix: string, names: string, value: Json, why: string): readonly KeyRule[] {
  return under(prefix, names).map((path) => ({ path, is: 'always', why, values: [value] }));
}

/** The row of a key that a field takes its value from. */
export function field(path: string, name: string): KeyRule {
  return { path, is: 'field', field: name, why: `\`${name}\`` };
}

/** The row of a switch that gives a field one value. */
export function switches(path: string, name: string, gives: string): KeyRule {
  return { path, is: 'field', field: name, gives, why: `\`${name}: ${gives}\`` };
}

/** The rows of what becomes an object of the namespace. */
export function policy(prefix: string, names: string, why: string): readonly KeyRule[] {
  return under(prefix, names).map((path) => ({ path, is: 'policy', why }));
}
