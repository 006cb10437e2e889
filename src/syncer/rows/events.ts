import { CORE_EVENT, type CoreEvent } from '../../kube/builtin-kinds.ts';
import type { ObjectRef } from '../../kube/kind.ts';
import type { Deed } from '../deed.ts';
import { scrub } from '../scrub.ts';
import type { Surroundings } from '../translation.ts';

/** The tenant's object that an event of the host is about. */
export interface Subject extends ObjectRef {
  readonly uid: string;
}

/**
 * Events of the host about the tenant's things, told to the tenant: about their object, in their words. One way; the
 * tenant's API server forgets them in its own time.
 */
export function decideEvent(
  host: CoreEvent,
  subject: Subject | undefined,
  tenant: CoreEvent | undefined,
  around: Surroundings,
): readonly Deed[] {
  if (subject === undefined) return [];
  const event = tenantEvent(host, subject, around);
  if (tenant === undefined) return [{ do: 'create', on: 'tenant', kind: CORE_EVENT, object: event }];
  const { count, lastTimestamp, message, series } = event;
  if (tenant.count === count && tenant.lastTimestamp === lastTimestamp && tenant.message === message)
    return [];
  const { namespace, name } = tenant.metadata;
  const body = { count, lastTimestamp, message, ...(series === undefined ? {} : { series }) };
  return [{ do: 'patch', on: 'tenant', kind: CORE_EVENT, ref: { namespace, name }, type: 'merge', body }];
}

/** The event as it stands in the tenant's cluster. */
export function tenantEvent(host: CoreEvent, subject: Subject, around: Surroundings): CoreEvent {
  const { namespace = 'default', name, uid } = subject;
  const { involvedObject, metadata, message, related: _related, ...rest } = host;
  // Without the host's version: it means nothing there. A field path is the same in both.
  const { kind, apiVersion, fieldPath } = involvedObject;
  return {
    ...rest,
    metadata: { name: tenantEventName(metadata.name, subject), namespace },
    involvedObject: {
      ...(kind === undefined ? {} : { kind }),
      ...(apiVersion === undefined ? {} : { apiVersion }),
      ...(fieldPath === undefined ? {} : { fieldPath }),
      namespace,
      name,
      uid,
    },
    ...(message === undefined ? {} : { message: scrub(message, around, namespace) }),
  };
}

/** Names of events end with a number after the last dot, which is theirs alone; before it stands the object's name. */
export function tenantEventName(hostName: string, { name }: ObjectRef): string {
  return `${name}.${hostName.slice(hostName.lastIndexOf('.') + 1)}`;
}
