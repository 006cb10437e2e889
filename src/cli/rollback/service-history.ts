import type { Instance } from '../../api/instance.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../../api/resource-composition.ts';
import { REVISION, revisionsOf, type Revision } from '../../api/revision.ts';
import type { Client, Reader } from '../../client/client.ts';
import { unlessForbidden } from '../../client/unless-forbidden.ts';
import {
  INPUTS_ANNOTATION,
  inputsHashOf,
  SOURCE_ANNOTATION,
  sourceHashOf,
} from '../../features/service/service-objects.ts';
import { isProviderNamespace } from '../../features/installation/provider-namespace.ts';
import { UserError } from '../cli-io.ts';
import { DEFAULT_NAMESPACE, type Connection } from '../connect.ts';

/** A service and every state that it had, oldest first. */
export interface ServiceHistory {
  readonly composition: ResourceComposition;
  readonly revisions: readonly Revision[];
  readonly newest: Revision;
}

/** The service that a word means: the name of its composition, or its kind or plural. Throws UserError and KubeError. */
export async function readHistory(
  { client, namespace: own }: Pick<Connection, 'client' | 'namespace'>,
  word: string,
  named: string | undefined,
): Promise<ServiceHistory> {
  const namespace = named ?? ((await isProviderNamespace(client, own)) ? own : DEFAULT_NAMESPACE);
  const composition = await findComposition(client, word, namespace);
  const { items } = await client.list(REVISION, { namespace });
  const revisions = revisionsOf(items, composition.metadata.uid);
  const newest = revisions.at(-1);
  if (newest !== undefined) return { composition, revisions, newest };
  throw new UserError(
    `${composition.metadata.name} was never registered, so it has no history`,
    `\`kubectl describe resourcecomposition ${composition.metadata.name} -n ${namespace}\` says why.`,
  );
}

async function findComposition(
  reader: Reader,
  word: string,
  namespace: string,
): Promise<ResourceComposition> {
  const { items } = await reader.list(RESOURCE_COMPOSITION, { namespace });
  const small = word.toLowerCase();
  const found =
    items.find(({ metadata }) => metadata.name === word) ??
    items.find(({ spec }) => {
      const { kind, plural } = spec.newResource.resource;
      return kind.toLowerCase() === small || plural === small;
    });
  if (found !== undefined) return found;
  const names = items.map(({ metadata }) => metadata.name).join(', ');
  throw new UserError(
    `there is no service ${word} in namespace ${namespace}`,
    names === ''
      ? 'There are none; -n names the namespace of another provider.'
      : `There are: ${names}; -n names the namespace of another provider.`,
  );
}

/** How many instances run each revision, by its name; undefined where the user may not list them all. */
export async function countInstances(
  client: Client,
  { spec: { resource } }: Revision,
): Promise<ReadonlyMap<string, number> | undefined> {
  const kind = { ...resource, namespaced: true };
  const list = await unlessForbidden(client.list<Instance>(kind));
  if (list === undefined) return undefined;
  const counts = new Map<string, number>();
  for (const { status } of list.items) {
    const name = status?.revision;
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** Whether the newest revision is what the composition says now; false while that is worked on, or was refused. */
export function isRegistered(composition: ResourceComposition, { metadata }: Revision): boolean {
  return metadata.annotations?.[INPUTS_ANNOTATION] === inputsHashOf(composition);
}

/** Whether the composition names the chart of the newest revision. */
export function namesChartOf(composition: ResourceComposition, { metadata }: Revision): boolean {
  return metadata.annotations?.[SOURCE_ANNOTATION] === sourceHashOf(composition);
}

/** The revision of that number; where none is said the one before the newest, or the newest where the composition asks for something else. */
export function revisionToGoTo(
  { composition, revisions, newest }: ServiceHistory,
  number: number | undefined,
): Revision {
  const back = isRegistered(composition, newest) ? 1 : 0;
  const wanted = number ?? newest.spec.number - back;
  const found = revisions.find(({ spec }) => spec.number === wanted);
  if (found !== undefined) return found;
  const { name } = composition.metadata;
  throw new UserError(
    number === undefined
      ? `${name} has one revision only: there is nothing to go back to`
      : `${name} has no revision ${wanted}`,
    `There are: ${revisions.map(({ spec }) => spec.number).join(', ')}.`,
  );
}
