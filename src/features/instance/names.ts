import { shortHash } from '../../lib/hash.ts';

/** Longest namespace name (a DNS label). */
export const MAX_NAMESPACE_LENGTH = 63;
/** Helm's limit on release names: charts append suffixes to them within the 63 characters of a DNS label. */
export const MAX_RELEASE_LENGTH = 53;
/**
 * Hex digits of the hash in namespace names: 40 bits. A collision would only be refused (ownership is by UID), so it need
 * not withstand more than somebody who tries to take a neighbour's name.
 */
const HASH_LENGTH = 10;

/** What an instance is known by. */
export interface InstanceName {
  /** Namespace of the instance object. */
  readonly namespace: string;
  readonly name: string;
}

/**
 * Namespace of an instance: its own name where it stands in the operator's namespace (as in KubePlus), elsewhere
 * `<namespace>-<name>-<hash of both>`. Injective: names that end like the second form are refused for the first one
 * (`looksHashed`), and the hash separates `a-b`+`c` from `a`+`b-c` and what was shortened.
 */
export function namespaceOf(instance: InstanceName, operatorNamespace: string): string {
  if (instance.namespace === operatorNamespace) return instance.name;
  // The slash is in no name, so that the pair can be read back from the text that is hashed.
  const hash = shortHash(`${instance.namespace}/${instance.name}`, HASH_LENGTH);
  const room = MAX_NAMESPACE_LENGTH - HASH_LENGTH - 1;
  return `${shorten(`${instance.namespace}-${instance.name}`, room)}-${hash}`;
}

/** True if a name could be one of the hashed form, so that an instance in the operator's namespace may not have it. */
export function looksHashed(name: string): boolean {
  return new RegExp(`-[0-9a-f]{${HASH_LENGTH}}$`).test(name);
}

/** Helm release of an instance: `<kind in small letters>-<name>` as in KubePlus; what is longer than Helm allows ends in a hash. */
export function releaseNameOf(kind: string, name: string): string {
  const full = `${kind.toLowerCase()}-${name.toLowerCase()}`.replaceAll('.', '-');
  if (full.length <= MAX_RELEASE_LENGTH && !name.includes('.')) return full;
  const room = MAX_RELEASE_LENGTH - HASH_LENGTH - 1;
  return `${shorten(full, room)}-${shortHash(`${kind}/${name}`, HASH_LENGTH)}`;
}

/** Letters left for the name of an instance of a kind, so that release and namespace names stay readable. */
export function nameLimit(kind: string): number {
  return MAX_RELEASE_LENGTH - kind.length - 1;
}

/** The first `room` characters, without a dash or dot at the end: such names are refused by Kubernetes. */
function shorten(text: string, room: number): string {
  return text.slice(0, room).replaceAll('.', '-').replace(/-+$/, '');
}
