import type { AnyObject } from '../../kube/object.ts';
import { textAt } from './read-part.ts';
import type { Relation, RelationType } from './relation.ts';

/** What the definition of a kind says of its objects: those of the kinds `on` belong to one that carry `key` with this value. */
export interface KindRule {
  /** Kind that the definition is of. */
  readonly kind: string;
  readonly type: Extract<RelationType, 'annotation' | 'label' | 'specproperty'>;
  /** Kinds of the other objects. */
  readonly on: readonly string[];
  /** Annotation or label of the other object, or path of a field of its spec. */
  readonly key: string;
  /** `INSTANCE.metadata.name`, `INSTANCE.spec.…`, maybe with text around, or text alone. */
  readonly value: string;
}

const PREFIX = 'resource/';
const TYPES: Readonly<Record<string, KindRule['type']>> = {
  'annotation-relationship': 'annotation',
  'label-relationship': 'label',
  'specproperty-relationship': 'specproperty',
};

/**
 * KubePlus's annotations of a definition: `resource/annotation-relationship: "on:Pod;Service, key:…, value:INSTANCE.metadata.name"`, the same
 * for labels and fields; several of one sort have a number behind. What can't be read says nothing.
 */
export function kindRules(definition: AnyObject): readonly KindRule[] {
  const kind = textAt(definition, 'spec', 'names', 'kind');
  if (kind === undefined) return [];
  return Object.entries(definition.metadata.annotations ?? {}).flatMap(([name, text]) => {
    const type = TYPES[name.slice(PREFIX.length).replace(/[-+]?\d+$/, '')];
    if (!name.startsWith(PREFIX) || type === undefined) return [];
    const parts = new Map(
      text.split(',').map((part): [string, string] => {
        const colon = part.indexOf(':');
        return [part.slice(0, colon).trim(), part.slice(colon + 1).trim()];
      }),
    );
    const { on, key, value } = { on: parts.get('on'), key: parts.get('key'), value: parts.get('value') };
    if (on === undefined || key === undefined || value === undefined) return [];
    return [{ kind, type, on: on.split(';').map((one) => one.trim()), key, value }];
  });
}

/** Relations that the rules say of an object. */
export function annotationRelations(
  from: AnyObject,
  objects: readonly AnyObject[],
  rules: readonly KindRule[],
): readonly Relation[] {
  return rules
    .filter(({ kind }) => kind === from.kind)
    .flatMap(({ type, on, key, value }) => {
      const wanted = expand(value, from);
      if (wanted === undefined) return [];
      return objects
        .filter((to) => to !== from && on.includes(to.kind) && valuesOf(to, type, key) === wanted)
        .map((to) => ({ from, to, type, details: `${key}: ${wanted}` }));
    });
}

/** `INSTANCE.…` in a value is a field of the object; undefined if that has no text there. */
function expand(value: string, object: AnyObject): string | undefined {
  let complete = true;
  const text = value.replaceAll(/INSTANCE\.([A-Za-z0-9_.]+)/g, (_all, path: string) => {
    const found = textAt(object, ...path.split('.'));
    complete &&= found !== undefined;
    return found ?? '';
  });
  return complete ? text : undefined;
}

function valuesOf(object: AnyObject, type: KindRule['type'], key: string): string | undefined {
  if (type === 'annotation')
    // KubePlus's own namespaces have it in quotes.
    return object.metadata.annotations?.[key]?.replaceAll('"', '');
  if (type === 'label') return object.metadata.labels?.[key];
  return textAt(object, ...key.split('.'));
}
