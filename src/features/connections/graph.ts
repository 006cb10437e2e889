import type { AnyObject } from '../../kube/object.ts';
import { keyOf, type Relation, type RelationType } from './relation.ts';

/** An object on the way from the first one: how far away, and what it hangs on. */
export interface Connection {
  readonly level: number;
  readonly object: AnyObject;
  /** The object that it was found from; undefined for the first one. */
  readonly peer: AnyObject | undefined;
  readonly type: RelationType | undefined;
  readonly details: string;
}

/** What is left out of a walk: `Kind` or `Kind:name`. */
export interface Ignored {
  readonly kind: string;
  readonly name: string | undefined;
}

/** Reads `Pod:web,Secret`. */
export function parseIgnored(text: string): readonly Ignored[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [kind = '', name] = part.split(':', 2);
      return { kind, name };
    });
}

interface Edge {
  readonly to: AnyObject;
  readonly relation: Relation;
}

/**
 * Walks from one object over all relations, in both directions, the nearest first. Each relation comes once, under the nearer of its two ends: so
 * an object comes as often as it is related, and what hangs on it where it was found first. Branch by branch, as it is printed. At what is
 * ignored the walk ends.
 */
export function connectionsFrom(
  start: AnyObject,
  relations: readonly Relation[],
  ignored: readonly Ignored[] = [],
): readonly Connection[] {
  const edges = edgesOf(relations);
  const first: Connection = { level: 0, object: start, peer: undefined, type: undefined, details: '' };
  const found = new Map<string, Connection>([[keyOf(start), first]]);
  const children = new Map<string, Connection[]>();
  const told = new Set<Relation>();
  const queue = [first];
  for (let at = 0; at < queue.length; at += 1) {
    const near = queue[at];
    if (near === undefined || (near !== first && isIgnored(near.object, ignored))) continue;
    for (const { to, relation } of edges.get(keyOf(near.object)) ?? []) {
      if (told.has(relation)) continue;
      // Between two of one level the end that names the other tells of it.
      const isSameLevel = found.get(keyOf(to))?.level === near.level;
      if (isSameLevel && keyOf(relation.from) !== keyOf(near.object)) continue;
      told.add(relation);
      const { type, details } = relation;
      const connection = { level: near.level + 1, object: to, peer: near.object, type, details };
      children.set(keyOf(near.object), [...(children.get(keyOf(near.object)) ?? []), connection]);
      if (found.has(keyOf(to))) continue;
      found.set(keyOf(to), connection);
      queue.push(connection);
    }
  }
  return branch(first, children, found);
}

/** An object, then what hangs on it, if this is where it was found. */
function branch(
  from: Connection,
  children: ReadonlyMap<string, readonly Connection[]>,
  found: ReadonlyMap<string, Connection>,
): readonly Connection[] {
  const below = found.get(keyOf(from.object)) === from ? (children.get(keyOf(from.object)) ?? []) : [];
  return [from, ...below.flatMap((child) => branch(child, children, found))];
}

function edgesOf(relations: readonly Relation[]): ReadonlyMap<string, readonly Edge[]> {
  const edges = new Map<string, Edge[]>();
  const add = (from: AnyObject, to: AnyObject, relation: Relation): void => {
    const list = edges.get(keyOf(from)) ?? [];
    list.push({ to, relation });
    edges.set(keyOf(from), list);
  };
  for (const relation of relations) {
    add(relation.from, relation.to, relation);
    add(relation.to, relation.from, relation);
  }
  return edges;
}

function isIgnored({ kind, metadata }: AnyObject, ignored: readonly Ignored[]): boolean {
  return ignored.some(
    (one) => one.kind.toLowerCase() === kind.toLowerCase() && (one.name ?? metadata.name) === metadata.name,
  );
}
