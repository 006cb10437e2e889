import type { Client } from '../client/client.ts';
import { EVENT, type KubeEvent } from '../kube/builtin-kinds.ts';
import { isKubeError } from '../kube/kube-error.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Clock } from '../lib/clock.ts';
import { shortHash } from '../lib/hash.ts';
import type { Log } from './log.ts';
import type { PlannedEvent } from './plan.ts';
import { formatMicroTime } from '../kube/conditions.ts';

/** `reportingController` of our events. */
export const REPORTING_CONTROLLER = 'tenantry.dev/operator';
/** Bytes of `note` that events.k8s.io/v1 allows. */
const MAX_NOTE_BYTES = 1024;
/** Characters of a Kubernetes name. */
const MAX_NAME = 253;
/** The same event within this time is counted, not repeated (client-go: 6 minutes). */
const SERIES_MS = 6 * 60_000;
/** Events about one object that may come at once, and how long until one more may (client-go: 25, 5 minutes). */
const BURST = 25;
const REFILL_MS = 5 * 60_000;
/** Objects whose events are remembered; the oldest are forgotten first. */
const MAX_REMEMBERED = 4096;

/** Publishes events about objects. Never fails: an event that cannot be written is logged and lost. */
export interface Events {
  emit(about: KubeObject, event: PlannedEvent): Promise<void>;
}

/** What events need. */
export interface EventsOptions {
  readonly client: Pick<Client, 'create' | 'patch'>;
  readonly clock: Clock;
  readonly log: Log;
  /** `reportingInstance`: which replica said it. */
  readonly identity: string;
}

interface Series {
  readonly name: string;
  readonly namespace: string;
  count: number;
  lastAt: number;
}

interface Allowance {
  tokens: number;
  at: number;
}

/** Events as objects of events.k8s.io/v1, counted when they repeat and bounded per object. */
export function createEvents(options: EventsOptions): Events {
  const { clock, client, log } = options;
  const series = new Map<string, Series>();
  const allowances = new Map<string, Allowance>();

  const allowed = (uid: string): boolean => {
    const now = clock.monotonic();
    const last = allowances.get(uid) ?? { tokens: BURST, at: now };
    const tokens = Math.min(BURST, last.tokens + (now - last.at) / REFILL_MS);
    remember(allowances, uid, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    return tokens >= 1;
  };

  const repeat = async (present: Series): Promise<void> => {
    present.count += 1;
    present.lastAt = clock.monotonic();
    // At 2, 4, 8, …: whoever reads the event learns the size of the number, and a storm costs few writes.
    if (!Number.isInteger(Math.log2(present.count))) return;
    const body = { series: { count: present.count, lastObservedTime: formatMicroTime(clock.now()) } };
    await client.patch(EVENT, present, { type: 'merge', body });
  };

  const emit = async (about: KubeObject, event: PlannedEvent): Promise<void> => {
    const uid = about.metadata.uid ?? about.metadata.name;
    const key = `${uid}/${event.type}/${event.reason}/${event.message}`;
    const present = series.get(key);
    try {
      if (present !== undefined && clock.monotonic() - present.lastAt < SERIES_MS) {
        await repeat(present);
        return;
      }
      if (!allowed(uid)) {
        log.debug('Event left out: too many about one object', { reason: event.reason });
        return;
      }
      const object = eventOf(about, event, clock.now(), options.identity);
      const { name, namespace = '' } = object.metadata;
      remember(series, key, { name, namespace, count: 1, lastAt: clock.monotonic() });
      await client.create(EVENT, object);
    } catch (error) {
      // The server forgets events after an hour: the next one begins a new series.
      if (isKubeError(error, 'NotFound')) series.delete(key);
      log.debug('Event not written', { reason: event.reason, error });
    }
  };
  return { emit };
}

/** The event as an object. Pure. */
export function eventOf(about: KubeObject, event: PlannedEvent, now: number, identity: string): KubeEvent {
  const { name, namespace, uid, resourceVersion } = about.metadata;
  const suffix = shortHash(`${uid ?? ''}/${event.reason}/${event.message}/${now}`, 16);
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: {
      name: `${name.slice(0, MAX_NAME - 1 - suffix.length)}.${suffix}`,
      // Events live in namespaces; those about objects without one belong to `default`.
      namespace: namespace ?? 'default',
    },
    eventTime: formatMicroTime(now),
    reportingController: REPORTING_CONTROLLER,
    reportingInstance: identity.slice(0, 128),
    action: 'Reconcile',
    reason: event.reason,
    type: event.type,
    note: cut(event.message),
    regarding: {
      apiVersion: about.apiVersion,
      kind: about.kind,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  };
}

function cut(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.byteLength <= MAX_NOTE_BYTES) return message;
  // A character cut in half becomes the replacement character, which is dropped.
  const kept = bytes
    .subarray(0, MAX_NOTE_BYTES - 3)
    .toString('utf8')
    .replace(/\uFFFD$/u, '');
  return `${kept}…`;
}

/** Puts the entry last and drops the oldest beyond the bound. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_REMEMBERED) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
