import type { CallOptions, Client, RawRequest } from '../client/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import type { WriteLease } from './write-lease.ts';

/** Milliseconds a write may take where the caller says nothing; the client's own default. */
const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * A client that writes only while the lease is held: no write begins after the renew deadline, and none is waited for
 * longer than what is left of the lease, so that none of ours is under way when somebody else begins. A write the
 * server is slow to carry out even so is harmless: it is a create (409) or carries a UID or version.
 */
export function fenced(client: Client, lease: WriteLease): Client {
  const bound = <O extends CallOptions>(what: string, options: O | undefined): O => {
    if (!lease.mayWrite()) {
      throw new KubeError('Cancelled', `${what}: not begun because this process does not hold the lease`);
    }
    const timeoutMs = Math.min(options?.timeoutMs ?? DEFAULT_TIMEOUT_MS, lease.remainingMs());
    // The same options with one field set that all of them have.
    return { ...options, timeoutMs } as O;
  };
  return {
    get: (kind, ref, options) => client.get(kind, ref, options),
    find: (kind, ref, options) => client.find(kind, ref, options),
    list: (kind, options) => client.list(kind, options),
    pages: (kind, options) => client.pages(kind, options),
    watch: (kind, request) => client.watch(kind, request),
    create: async (kind, object, options) =>
      client.create(kind, object, bound(`create ${kind.kind}`, options)),
    apply: async (kind, object, options) => client.apply(kind, object, bound(`apply ${kind.kind}`, options)),
    replace: async (kind, object, options) =>
      client.replace(kind, object, bound(`replace ${kind.kind}`, options)),
    patch: async (kind, ref, patch, options) =>
      client.patch(kind, ref, patch, bound(`patch ${kind.kind}`, options)),
    delete: async (kind, ref, options) => client.delete(kind, ref, bound(`delete ${kind.kind}`, options)),
    raw: async (request) =>
      client.raw(
        request.method === 'GET' ? request : bound<RawRequest>(`${request.method} ${request.path}`, request),
      ),
    as: (serviceAccount) => fenced(client.as(serviceAccount), lease),
    // Whoever made the client closes it.
    close: () => Promise.resolve(),
  };
}
