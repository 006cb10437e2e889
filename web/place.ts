import { useEffect, useState } from 'react';
import type { ServiceName } from './api.ts';

/** Where on the page one is. It stands in the address behind #, which no server sees; never a token. */
export type Place =
  | { readonly page: 'home' }
  | { readonly page: 'list' | 'new'; readonly service: ServiceName }
  | {
      readonly page: 'instance' | 'change';
      readonly service: ServiceName;
      readonly namespace: string;
      readonly name: string;
    };

/** Reads an address's part behind #. Pure. */
export function placeIn(hash: string): Place {
  const [group, plural, namespace, name, more] = hash.replace(/^#\/?/, '').split('/').map(decode);
  if (!group || !plural) return { page: 'home' };
  const service = { group, plural };
  if (!namespace) return { page: 'list', service };
  if (!name) return namespace === '+' ? { page: 'new', service } : { page: 'list', service };
  return { page: more === 'change' ? 'change' : 'instance', service, namespace, name };
}

/** The address of a place. */
export function hashOf(place: Place): string {
  if (place.page === 'home') return '#/';
  const { group, plural } = place.service;
  const parts = [group, plural];
  if (place.page === 'new') parts.push('+');
  if (place.page === 'instance' || place.page === 'change') parts.push(place.namespace, place.name);
  if (place.page === 'change') parts.push('change');
  return `#/${parts.map(encodeURIComponent).join('/').replaceAll('%2B', '+')}`;
}

export function go(place: Place): void {
  globalThis.location.hash = hashOf(place);
}

/** The place, as it changes. */
export function usePlace(): Place {
  const [hash, setHash] = useState(globalThis.location.hash);
  useEffect(() => {
    const follow = (): void => setHash(globalThis.location.hash);
    globalThis.addEventListener('hashchange', follow);
    return () => globalThis.removeEventListener('hashchange', follow);
  }, []);
  return placeIn(hash);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
