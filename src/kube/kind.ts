import type { KubeObject } from './object.ts';

/**
 * What is needed to address objects of one kind: where they are served and whether they live in namespaces.
 * `T` is the shape of the objects; it exists for the compiler only.
 */
export interface Kind<T extends KubeObject = KubeObject> {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never set: carries `T`. */
  readonly _type?: T;
}

/** Names one object of a known kind. */
export interface ObjectRef {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export const apiVersionOf = (kind: Kind): string =>
  kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;

/** `group/kind` for messages and map keys: `apps/Deployment`, `Pod`. */
export const groupKindOf = (kind: Pick<Kind, 'group' | 'kind'>): string =>
  kind.group === '' ? kind.kind : `${kind.group}/${kind.kind}`;

/** Splits `apps/v1` into group and version; the core group's `v1` has group ''. */
export function splitApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** The URL path of a kind's collection, of one object or of its subresource. Names are encoded. */
export function pathOf(
  kind: Kind,
  ref: { namespace?: string | undefined; name?: string },
  subresource?: string,
): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope =
    kind.namespaced && ref.namespace !== undefined ? `/namespaces/${encodeURIComponent(ref.namespace)}` : '';
  const name = ref.name === undefined ? '' : `/${encodeURIComponent(ref.name)}`;
  return `${root}${scope}/${kind.plural}${name}${subresource === undefined ? '' : `/${subresource}`}`;
}
