import type { ObjectRef } from '../../kube/kind.ts';
import type { ObjectMeta } from '../../kube/object.ts';
import { shortHash } from '../../lib/hash.ts';

/**
 * On a licence: the names whose creation was let through and may still be on its way, each as a hash with the second from which it can't
 * succeed any more. Whoever is let through is written here first, by comparing and swapping; so of two who want the last place one does
 * not get it, whichever replica they ask.
 */
export const RESERVED_ANNOTATION = 'tenantry.dev/reserved';

/**
 * Milliseconds for which a creation that was let through may still succeed: the API server gives up on a request after a minute. The rest is
 * for clocks of replicas that differ.
 */
const RESERVED_MS = 120_000;
/** Reservations of one licence: annotations together may have 256 KiB, and one is about 30 bytes. */
export const MAX_RESERVED = 4_000;
const HASH_LENGTH = 16;

/** Hash of a name, to the second from which its creation can't succeed. */
export type Reserved = ReadonlyMap<string, number>;

export const placeOf = ({ namespace = '', name }: ObjectRef): string =>
  shortHash(`${namespace}/${name}`, HASH_LENGTH);

/** What is reserved at a time; what can't be read is none of ours. */
export function reservedIn({ annotations }: Pick<ObjectMeta, 'annotations'>, now: number): Reserved {
  const entries = (annotations?.[RESERVED_ANNOTATION] ?? '')
    .split(' ')
    .flatMap((text): [string, number][] => {
      const [place = '', until = ''] = text.split('=');
      return place.length === HASH_LENGTH && Number(until) * 1000 > now ? [[place, Number(until)]] : [];
    });
  return new Map(entries);
}

/** The annotation with one place more. */
export function withPlace(reserved: Reserved, place: string, now: number): string {
  const until = Math.ceil((now + RESERVED_MS) / 1000);
  return [...new Map([...reserved, [place, until]])].map(([key, value]) => `${key}=${value}`).join(' ');
}
