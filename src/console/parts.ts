import type { Instance } from '../api/instance.ts';
import type { Client } from '../client/client.ts';
import type { ServedResource } from '../client/discovery-documents.ts';
import { listNamespace } from '../client/list-namespace.ts';
import { unlessForbidden } from '../client/unless-forbidden.ts';
import { resourceRows } from '../features/application/resource-rows.ts';
import { urlsOf } from '../features/instance/urls.ts';
import {
  CORE_EVENT,
  type Ingress,
  NODE,
  POD,
  type CoreEvent,
  type Pod,
  type Service,
} from '../kube/builtin-kinds.ts';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject } from '../kube/object.ts';

/** What an instance is made of, as far as whoever asks may look. */
export interface Parts {
  readonly objects: readonly { readonly kind: string; readonly name: string }[];
  readonly pods: readonly PodView[];
  readonly events: readonly EventView[];
  readonly urls: readonly string[];
  /** What may not be looked at, in words. */
  readonly hidden: readonly string[];
}

/** A pod, and whose logs there are. */
interface PodView {
  readonly name: string;
  readonly phase: string;
  readonly ready: boolean;
  readonly restarts: number;
  readonly containers: readonly string[];
  /** Why it does not run, where a container tells. */
  readonly trouble: string | undefined;
}

interface EventView {
  readonly at: string | undefined;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly about: string;
  readonly count: number;
}

/** Events shown: the newest; an application that fails for hours tells the same again and again. */
const MAX_EVENTS = 50;

/** Looks at everything, each kind with the rights of whoever asks. */
export async function readParts(
  client: Client,
  resources: readonly ServedResource[],
  { kind, instance }: { readonly kind: Kind<Instance>; readonly instance: Instance },
): Promise<Parts> {
  const { metadata, status } = instance;
  const own = await eventsOf(client, metadata.namespace ?? '', `involvedObject.uid=${metadata.uid ?? ''}`);
  const place = status?.namespace;
  if (place === undefined) return { objects: [], pods: [], urls: [], ...toldBy([own]) };
  const [content, events, nodes] = await Promise.all([
    listNamespace(client, resources, place),
    eventsOf(client, place, undefined),
    unlessForbidden(client.list(NODE)),
  ]);
  const rows = resourceRows({ kind, instance }, content.objects).slice(1);
  const inside = <T extends AnyObject>(name: string): readonly T[] =>
    content.objects.filter((object): object is T => object.kind === name); // true: listed under its kind
  const found = urlsOf(
    inside<Ingress & AnyObject>('Ingress'),
    inside<Service & AnyObject>('Service'),
    nodes?.items ?? [],
  );
  const told = toldBy([own, events]);
  return {
    objects: rows.map(([, kindOf, name]) => ({ kind: kindOf, name })),
    pods: inside<Pod & AnyObject>(POD.kind).map(podView).sort(byName),
    urls: found.length > 0 || status?.url === undefined ? found : [status.url],
    events: told.events,
    hidden: [...told.hidden, ...content.hidden],
  };
}

type Told = readonly CoreEvent[] | undefined;

async function eventsOf(client: Client, namespace: string, fieldSelector: string | undefined): Promise<Told> {
  const selection = fieldSelector === undefined ? {} : { fieldSelector };
  return (await unlessForbidden(client.list(CORE_EVENT, { namespace, ...selection })))?.items;
}

function toldBy(lists: readonly Told[]): Pick<Parts, 'events' | 'hidden'> {
  const events = lists
    .flatMap((list) => list ?? [])
    .map(eventView)
    .sort((one, other) => ((one.at ?? '') < (other.at ?? '') ? 1 : -1));
  return {
    events: events.slice(0, MAX_EVENTS),
    hidden: lists.some((list) => list === undefined) ? ['Event'] : [],
  };
}

function eventView(event: CoreEvent): EventView {
  const { involvedObject: about } = event;
  return {
    at: event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp,
    type: event.type ?? 'Normal',
    reason: event.reason ?? '',
    message: event.message ?? '',
    about: `${about.kind ?? ''} ${about.name ?? ''}`,
    count: event.count ?? event.series?.count ?? 1,
  };
}

function podView({ metadata, spec, status }: Pod): PodView {
  const states = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const waiting = states.flatMap(({ state }) => state?.waiting ?? []).at(0);
  const isTrouble =
    waiting !== undefined && !/^(?:ContainerCreating|PodInitializing)$/.test(waiting.reason ?? '');
  return {
    name: metadata.name,
    phase: metadata.deletionTimestamp === undefined ? (status?.phase ?? 'Unknown') : 'Ending',
    ready:
      status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false,
    restarts: states.reduce((sum, { restartCount }) => sum + restartCount, 0),
    containers: [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ name }) => name),
    trouble: isTrouble ? [waiting.reason, waiting.message].filter(Boolean).join(': ') : undefined,
  };
}

const byName = (one: PodView, other: PodView): number => (one.name < other.name ? -1 : 1);
