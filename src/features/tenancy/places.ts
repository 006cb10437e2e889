import { groupKindOf, type Kind, type ObjectRef } from '../../kube/kind.ts';

/**
 * Places of a plan, by the object that takes each: `group/Kind/namespace/name`. No object can be created without its place having been
 * written first, and at most one object has a name, so there are never more objects than places. With each place stand the UIDs of
 * creations that were let through and whose outcome nobody has seen yet: the API server may still store one of them.
 */
export type Places = Readonly<Record<string, readonly string[]>>;

/** What the leader saw after it had read the places. */
export interface Seen {
  /** UIDs of the objects that are there, by place. */
  readonly present: ReadonlyMap<string, string>;
  /** Places whose object was looked for in the API itself and is not there, or is another tenant's by now. */
  readonly absent: ReadonlySet<string>;
  /** Whether a creation of this UID can't succeed any more. */
  readonly isExpired: (uid: string) => boolean;
}

/** The place of an object. */
export function placeOf(kind: Pick<Kind, 'group' | 'kind'>, { namespace = '', name }: ObjectRef): string {
  return `${groupKindOf(kind)}/${namespace}/${name}`;
}

/** Service, as group/Kind, and name of the object that a place is for. */
export function readPlace(place: string): { readonly service: string; readonly ref: ObjectRef } {
  const [group = '', kind = '', namespace = '', name = ''] = place.split('/');
  return { service: `${group}/${kind}`, ref: { namespace, name } };
}

/** The places with one more creation on its way. */
export function withCreation(places: Places, place: string, uid: string): Places {
  const pending = places[place] ?? [];
  return pending.includes(uid) ? places : { ...places, [place]: [...pending, uid] };
}

/** The places as they are after what was seen: given back where nothing is and nothing can come any more. */
export function settledPlaces(places: Places, { present, absent, isExpired }: Seen): Places {
  const kept = Object.entries(places).flatMap(([place, pending]): [string, readonly string[]][] => {
    const uid = present.get(place);
    const open = pending.filter((one) => one !== uid && !isExpired(one));
    const isFree = uid === undefined && open.length === 0 && absent.has(place);
    return isFree ? [] : [[place, open]];
  });
  const unplaced = [...present.keys()].filter((place) => places[place] === undefined);
  return Object.fromEntries([...kept, ...unplaced.map((place) => [place, []] as const)]);
}

/** What leads from one state of the places to another, as a merge patch of them; undefined where nothing does. */
export function changedPlaces(
  from: Places,
  to: Places,
): Readonly<Record<string, readonly string[] | null>> | undefined {
  const gone = Object.keys(from).filter((place) => to[place] === undefined);
  const changed = Object.entries(to).filter(([place, pending]) => {
    const before = from[place];
    return (
      before === undefined || before.length !== pending.length || before.some((uid, n) => uid !== pending[n])
    );
  });
  if (gone.length === 0 && changed.length === 0) return undefined;
  return Object.fromEntries([...gone.map((place) => [place, null] as const), ...changed]);
}
