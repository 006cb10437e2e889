import { isPlanesOwn, type KeptObject } from './kept-objects.ts';

/** What makes a store hold what it should. */
export interface RestoreChanges {
  readonly put: readonly KeptObject[];
  readonly delete: readonly string[];
}

/** Others are found by what these say. */
const FIRST = ['/registry/namespaces/', '/registry/apiextensions.k8s.io/customresourcedefinitions/'];

/** The writes that lead from what is there to what should be; none where it is the same. Pure. */
export function restoreChanges(
  present: ReadonlyMap<string, KeptObject>,
  wanted: readonly KeptObject[],
): RestoreChanges {
  const keys = new Set(wanted.map(({ key }) => key));
  const put = wanted.filter(
    ({ key, value }) => !isPlanesOwn(key) && present.get(key)?.value.equals(value) !== true,
  );
  return {
    put: inOrder(put),
    delete: [...present.keys()].filter((key) => !keys.has(key) && !isPlanesOwn(key)),
  };
}

/** Namespaces and kinds before what is in them or of them. Pure. */
export function inOrder(objects: readonly KeptObject[]): readonly KeptObject[] {
  const rank = ({ key }: KeptObject): number => {
    const found = FIRST.findIndex((prefix) => key.startsWith(prefix));
    return found === -1 ? FIRST.length : found;
  };
  return objects.toSorted((a, b) => rank(a) - rank(b));
}
