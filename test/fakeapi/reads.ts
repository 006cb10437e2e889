import type { Clock } from '../../src/lib/clock.ts';
import type { Stored } from './json.ts';
import { present } from './event-form.ts';
import { planList, readVersion, tokenAfter, type Reading } from './list-options.ts';
import type { Resource } from './resources.ts';
import { selection } from './selection.ts';
import { notImplemented, StatusError } from './status-error.ts';
import type { Change, Store } from './store.ts';

const apiVersionOf = ({ group, version }: Resource): string =>
  group === '' ? version : `${group}/${version}`;

/** Answers a list, whole or a page of it. The pages of one list are all of the version of the first. */
export function answerList(reading: Reading, store: Store): object {
  const { resource, namespace } = reading;
  const { selects, everything, limit, version, objects } = planList(reading, store);
  const items = objects.filter(selects);
  const page = limit > 0 ? items.slice(0, limit) : items;
  const last = page.at(-1);
  const left = items.length - page.length;
  const more = left > 0 && last !== undefined;
  return {
    kind: `${resource.kind}List`,
    apiVersion: apiVersionOf(resource),
    metadata: {
      resourceVersion: String(version),
      ...(more ? { continue: tokenAfter(last, namespace, version) } : {}),
      ...(more && everything ? { remainingItemCount: left } : {}),
    },
    items: page.map((item) => bare(resource, present(resource, item))),
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

/** What a watch needs of the server around it. */
export interface WatchDeps {
  readonly store: Store;
  readonly clock: Clock;
}

/** Seconds a watch lasts if it does not say. */
const DEFAULT_SECONDS = 1800;
/** Seconds before its end a watch is sent a bookmark, so that the next one begins where this one ended. */
const LAST_BOOKMARK_SECONDS = 2;

/** Checks what a watch asks for; throws what the server answers before the stream begins. Servers before 1.34 stream no lists. */
export function checkWatch({ resource, namespace, query }: Reading, streamingLists: boolean): void {
  selection({ resource, namespace, query });
  const from = query.get('resourceVersion') ?? '';
  if (from !== '') readVersion(from);
  const match = query.get('resourceVersionMatch');
  const forbidden = (field: string, message: string): StatusError =>
    new StatusError('Invalid', `ListOptions.meta.k8s.io "" is invalid: ${field}: Forbidden: ${message}`, {
      group: 'meta.k8s.io',
      kind: 'ListOptions',
      causes: [{ reason: 'FieldValueForbidden', message: `Forbidden: ${message}`, field }],
    });
  if (!query.has('sendInitialEvents')) {
    if (match === null) return;
    throw forbidden(
      'resourceVersionMatch',
      'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    );
  }
  if (match !== 'NotOlderThan')
    throw forbidden(
      'resourceVersionMatch',
      'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    );
  if (!streamingLists)
    throw forbidden(
      'sendInitialEvents',
      'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
    );
  if (from !== '' && from !== '0') throw notImplemented('sendInitialEvents from a certain resourceVersion');
}

/** Starts a watch: what the client lacks first, then every change until it is stopped or its time is over. */
export function startWatch(reading: Reading, { store, clock }: WatchDeps, sink: WatchSink): OpenWatch {
  const { resource, query } = reading;
  const selects = selection(reading);
  const text = query.get('resourceVersion') ?? '';
  const from = text === '' ? 0 : readVersion(text);
  const send = (type: string, object: object): void => sink.write(`${JSON.stringify({ type, object })}\n`);
  const tell = (change: Change): void => {
    // Nothing up to the version the client named, even if this server never reached it.
    if (change.store !== resource.store || change.version <= from) return;
    const event = eventOf(change, selects);
    if (event !== undefined) send(event.type, present(resource, event.object));
  };
  const allowed = query.get('allowWatchBookmarks') === 'true';
  const bookmark = (annotations?: object): void => {
    if (!allowed) return;
    const resourceVersion = String(Math.max(from, store.version));
    const metadata = { resourceVersion, creationTimestamp: null, ...annotations };
    send('BOOKMARK', { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata });
  };

  const initial = query.get('sendInitialEvents');
  if (initial === 'true' || (initial === null && from === 0)) {
    for (const object of store.list(resource.store).filter(selects)) send('ADDED', present(resource, object));
    if (initial === 'true') bookmark({ annotations: { 'k8s.io/initial-events-end': 'true' } });
  } else if (from > 0) {
    const missed = store.since(resource.store, from);
    if (missed === undefined) {
      const message = `too old resource version: ${from} (${store.compacted})`;
      send('ERROR', new StatusError('Expired', message).toStatus());
      sink.end();
      return { resource, bookmark: () => undefined, stop: () => undefined };
    }
    missed.forEach(tell);
  }
  const stopListening = store.onChange(tell);
  const seconds = Number(query.get('timeoutSeconds') ?? DEFAULT_SECONDS) || DEFAULT_SECONDS;
  const cancelBookmark =
    seconds > LAST_BOOKMARK_SECONDS
      ? clock.after((seconds - LAST_BOOKMARK_SECONDS) * 1000, () => bookmark())
      : () => undefined;
  const stop = (): void => {
    cancelBookmark();
    cancelEnd();
    stopListening();
  };
  const cancelEnd = clock.after(seconds * 1000, () => {
    stop();
    sink.end();
  });
  return { resource, bookmark: () => bookmark(), stop };
}

/** How a selection sees a change: an object that no longer matches is gone for it, in its last state that did. */
function eventOf(
  { type, object, before }: Change,
  selects: (object: Stored) => boolean,
): Pick<Change, 'type' | 'object'> | undefined {
  const was = before !== undefined && selects(before);
  const is = type !== 'DELETED' && selects(object);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object };
  if (!was) return undefined;
  const { resourceVersion } = object.metadata;
  return { type: 'DELETED', object: { ...before, metadata: { ...before.metadata, resourceVersion } } };
}
