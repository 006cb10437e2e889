import type { Clock } from '../../src/lib/clock.ts';
import type { Stored } from './json.ts';
import { present } from './event-form.ts';
import type { Resource } from './resources.ts';
import { selection } from './selection.ts';
import { StatusError } from './status-error.ts';
import type { Change, Store } from './store.ts';

/** A list or watch of one resource. */
export interface Reading {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly query: URLSearchParams;
}

/** The rest of a list whose first page was given: a snapshot, as the real server's pages are of one version. */
interface Rest {
  readonly version: number;
  readonly items: readonly Stored[];
}

const expired = (message: string): StatusError => new StatusError('Expired', message);
const apiVersionOf = ({ group, version }: Resource): string =>
  group === '' ? version : `${group}/${version}`;

/** Answers lists, whole or in pages. */
export function createLister(store: Store): (reading: Reading) => object {
  const rests = new Map<string, Rest>();
  let tokens = 0;
  return ({ resource, namespace, query }) => {
    const token = query.get('continue') ?? '';
    const limit = Number(query.get('limit') ?? 0);
    const rest = token === '' ? undefined : rests.get(token);
    if (token !== '' && (rest === undefined || rest.version < store.compacted)) {
      throw expired('The provided continue parameter is too old to display a consistent list result.');
    }
    const selects = selection(query, namespace);
    const items = rest?.items ?? store.list(resource.store).filter(selects);
    const version = rest?.version ?? store.version;
    const page = limit > 0 ? items.slice(0, limit) : items;
    const more = items.slice(page.length);
    let next = '';
    if (more.length > 0) {
      tokens += 1;
      next = `page-${tokens}`;
      rests.set(next, { version, items: more });
    }
    return {
      kind: `${resource.kind}List`,
      apiVersion: apiVersionOf(resource),
      metadata: {
        resourceVersion: String(version),
        ...(next === '' ? {} : { continue: next, remainingItemCount: more.length }),
      },
      items: page.map((item) => bare(resource, present(resource, item))),
    };
  };
}

/** Items of built-in lists come without apiVersion and kind; those of custom resources have them. */
function bare(resource: Resource, item: Stored): object {
  if (resource.crd !== undefined) return item;
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = item;
  return rest;
}

/** Where the events of a watch go. */
export interface WatchSink {
  write(line: string): void;
  end(): void;
}

/** One open watch. */
export interface OpenWatch {
  readonly resource: Resource;
  bookmark(): void;
  stop(): void;
}

/** Starts a watch: what the client lacks first, then every change until it is stopped or its time is over. */
export function startWatch(reading: Reading, store: Store, clock: Clock, sink: WatchSink): OpenWatch {
  const { resource, query, namespace } = reading;
  const selects = selection(query, namespace);
  let last = store.version;
  const send = (type: string, object: object): void => sink.write(`${JSON.stringify({ type, object })}\n`);
  const tell = (change: Change): void => {
    if (change.store !== resource.store) return;
    last = change.version;
    const [was, is] = [
      change.before !== undefined && selects(change.before),
      change.type !== 'DELETED' && selects(change.object),
    ];
    if (!was && !is) return;
    // An object that no longer matches is gone for this watch, in its new state.
    send(!is ? 'DELETED' : was ? 'MODIFIED' : 'ADDED', present(resource, change.object));
  };
  const bookmark = (annotations?: object): void =>
    send('BOOKMARK', {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      metadata: {
        resourceVersion: String(Math.max(last, store.version)),
        creationTimestamp: null,
        ...annotations,
      },
    });

  const from = query.get('resourceVersion') ?? '';
  const initial = query.get('sendInitialEvents') === 'true';
  if (initial || from === '' || from === '0') {
    for (const object of store.list(resource.store).filter(selects)) send('ADDED', present(resource, object));
    if (initial) bookmark({ annotations: { 'k8s.io/initial-events-end': 'true' } });
  } else {
    const missed = store.since(resource.store, Number(from));
    if (missed === undefined) {
      send('ERROR', expired(`too old resource version: ${from} (${store.compacted})`).toStatus());
      sink.end();
      return { resource, bookmark: () => undefined, stop: () => undefined };
    }
    missed.forEach(tell);
  }
  const stopListening = store.onChange(tell);
  const cancel = clock.after(Number(query.get('timeoutSeconds') ?? 1800) * 1000, () => {
    stopListening();
    sink.end();
  });
  return {
    resource,
    bookmark: () => bookmark(),
    stop: () => {
      cancel();
      stopListening();
    },
  };
}
