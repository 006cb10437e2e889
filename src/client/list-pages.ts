import { apiVersionOf, type Kind } from '../kube/kind.ts';
import { isKubeError } from '../kube/kube-error.ts';
import type { KubeObject } from '../kube/object.ts';
import type { ApiRequest } from './api-request.ts';
import type { CallOptions, ListOptions, ListPage } from './client.ts';
import { listRequest } from './requests.ts';

/** How often a list is begun again because its continue token expired (compaction while we paged). */
const MAX_RESTARTS = 3;

interface RawPage<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly T[] | null;
}

/** Pages through a kind. Between pages the event loop gets its turn: lease renewals and webhooks must not wait. */
export async function* listPages<T extends KubeObject>(
  kind: Kind<T>,
  options: ListOptions,
  get: <R>(request: ApiRequest, options: CallOptions) => Promise<R>,
): AsyncGenerator<ListPage<T>> {
  let token = '';
  for (let restarts = 0; ;) {
    let page: RawPage<T>;
    try {
      page = await get(listRequest(kind, options, token), options);
    } catch (error) {
      if (!isKubeError(error, 'Expired') || token === '' || restarts >= MAX_RESTARTS) throw error;
      restarts += 1;
      token = '';
      continue;
    }
    yield {
      first: token === '',
      items: (page.items ?? []).map((item) => named(kind, item)),
      resourceVersion: page.metadata?.resourceVersion ?? '',
    };
    token = page.metadata?.continue ?? '';
    if (token === '') return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Built-in kinds come without apiVersion and kind inside a list; an object must be the same wherever it was read. */
function named<T extends KubeObject>(kind: Kind<T>, item: T): T {
  return (item as Partial<T>).kind === undefined
    ? { ...item, apiVersion: apiVersionOf(kind), kind: kind.kind }
    : item;
}
