import type { Surroundings } from './translation.ts';

/** What can be a name of Kubernetes inside a sentence. */
const NAME = /[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/g;

/** A text of the host in the tenant's words: names of their objects, and no name of the host's namespace. */
export function scrub(text: string, around: Surroundings, namespace?: string): string {
  return text.replaceAll(NAME, (word) => {
    if (word === around.tenant.hostNamespace) return namespace ?? 'default';
    return around.tenantName(word)?.name ?? word;
  });
}
