import type { AnyObject } from '../../kube/object.ts';
import { annotationRelations, type KindRule } from './kind-rules.ts';
import { keyOf, type Mention, type Relation } from './relation.ts';
import { selects } from './label-relations.ts';
import { envRelations, specRelations } from './spec-relations.ts';

/**
 * Every relation between the objects: by owner, by label selector, by a name in the spec or in a variable, and by what kinds say of
 * themselves in the annotations of their definitions.
 */
export function relationsOf(
  objects: readonly AnyObject[],
  rules: readonly KindRule[] = [],
): readonly Relation[] {
  const byKey = new Map(objects.map((object) => [keyOf(object), object]));
  const services = objects.filter(({ kind, apiVersion }) => kind === 'Service' && apiVersion === 'v1');
  return objects.flatMap((object) => {
    const said = annotationRelations(object, objects, rules);
    const selected = objects.flatMap((other): readonly Relation[] => {
      const details = selects(object, other);
      // What the kind says itself tells more than our own mark.
      if (details === undefined || said.some(({ to }) => to === other)) return [];
      return [{ from: object, to: other, type: 'label', details }];
    });
    const named = [...specRelations(object), ...envRelations(object, services)];
    return [...said, ...owned(object, objects), ...selected, ...resolve(object, named, byKey)];
  });
}

/** By UID: names are taken again. */
function owned(owner: AnyObject, objects: readonly AnyObject[]): readonly Relation[] {
  const { uid } = owner.metadata;
  if (uid === undefined) return [];
  return objects
    .filter(({ metadata }) => metadata.ownerReferences?.some((reference) => reference.uid === uid) === true)
    .map((to) => ({
      from: owner,
      to,
      type: 'owner reference' as const,
      details: 'metadata.ownerReferences',
    }));
}

/** What is named and there; once, however often it is named. */
function resolve(
  from: AnyObject,
  mentions: readonly Mention[],
  byKey: ReadonlyMap<string, AnyObject>,
): readonly Relation[] {
  const seen = new Set<string>();
  return mentions.flatMap(({ kind, name, namespace, type, details }) => {
    const inside = namespace ?? from.metadata.namespace ?? '';
    const to = byKey.get(`${kind}/${inside}/${name}`) ?? byKey.get(`${kind}//${name}`);
    if (to === undefined || to === from || seen.has(`${type} ${keyOf(to)}`)) return [];
    seen.add(`${type} ${keyOf(to)}`);
    return [{ from, to, type, details }];
  });
}
