import { shortHash } from '../lib/hash.ts';

/** Longest name of everything that reaches the host: a label's value and a Service's name take no more. */
const MAX_NAME = 63;
/** What a hashed name keeps of the long one, so that people still see whose it is. */
const KEPT = 52;
/** Digits of the hash after it. */
const DIGITS = 10;
/** The same for the spare form: with 80 bits nobody finds a second object of the same name by trying. */
const SPARE_KEPT = 42;
const SPARE_DIGITS = 20;

/** What divides the parts of a name. */
const SEPARATOR = 'x';

/**
 * The names an object of a tenant may have on the host, the first one first: `<name>-x-<namespace>-x-<cluster>`, hashed
 * where that is too long or can be read in two ways, and a spare one for when somebody else has the name.
 */
export function hostNames(name: string, namespace: string, cluster: string): readonly [string, string] {
  return candidates([name, namespace, cluster], `${name}/${namespace}/${cluster}`);
}

/** The names of an object without a namespace: they carry the host namespace, for all tenants share them. */
export function hostNamesOfCluster(
  name: string,
  hostNamespace: string,
  cluster: string,
): readonly [string, string] {
  const parts: Parts = [`vcluster-${name}`, hostNamespace, cluster];
  return candidates(parts, `vcluster/${name}/${hostNamespace}/${cluster}`);
}

type Parts = readonly [string, string, string];

/**
 * `identity` is hashed instead of the joined parts where these are ambiguous: no part can hold a slash, so different
 * objects never have the same one.
 */
function candidates(parts: Parts, identity: string): readonly [string, string] {
  const joined = parts.join(`-${SEPARATOR}-`);
  const plain = !parts.some(isAmbiguous);
  const first = plain && joined.length <= MAX_NAME ? joined : hashed(joined, plain ? joined : identity);
  return [first, hashed(joined, identity, SPARE_KEPT, SPARE_DIGITS)];
}

/**
 * True for a part after which nobody can tell where it ends: `a-x` in `b` and `a` in `x-b` would have one name.
 */
function isAmbiguous(part: string): boolean {
  return `-${part}-`.includes(`-${SEPARATOR}-`);
}

function hashed(joined: string, identity: string, kept = KEPT, digits = DIGITS): string {
  // The cut may fall behind a dot, and a label of a DNS name must not begin with a dash.
  return `${joined.slice(0, kept)}-${shortHash(identity, digits)}`.replaceAll('.-', '-');
}
