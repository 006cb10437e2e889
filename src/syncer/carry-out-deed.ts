import { FIELD_MANAGER, type Client } from '../client/client.ts';
import { isKubeError } from '../kube/kube-error.ts';
import type { Kind, ObjectRef } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Events } from '../runtime/events.ts';
import { carryOutWrite } from '../runtime/write.ts';
import type { Deed, Side } from './deed.ts';
import { MARKER_LABEL } from './marks.ts';
import type { TenantCalls } from './tenant-calls.ts';
import type { Tenant } from './tenant.ts';

/** What deeds are done with. */
export interface Hands {
  readonly tenant: Tenant;
  readonly clients: Readonly<Record<Side, Client>>;
  readonly calls: TenantCalls;
  readonly events: Events;
  /** Told that a write begins; the answer takes what the server answered into the store. */
  expect(side: Side, kind: Kind, ref: ObjectRef): (answer: KubeObject | undefined) => void;
}

/** Does one deed. Throws KubeError; what is gone already or was made anew meanwhile is done. */
export async function carryOutDeed(
  deed: Exclude<Deed, { do: 'look-again' }>,
  { tenant, clients, calls, events, expect }: Hands,
): Promise<void> {
  switch (deed.do) {
    case 'own': {
      const learn = expect('host', deed.kind, deed.object.metadata);
      const { kind, object, uid } = deed;
      const written = await carryOutWrite(clients.host, {
        verb: 'own',
        kind,
        object,
        owner: tenant.name,
        ownerLabel: MARKER_LABEL,
        uid,
      });
      learn(written.object);
      return;
    }
    case 'create': {
      const learn = expect(deed.on, deed.kind, deed.object.metadata);
      learn(await clients[deed.on].create(deed.kind, deed.object, { fieldManager: FIELD_MANAGER }));
      return;
    }
    case 'patch': {
      const { on, kind, ref, type, body, subresource } = deed;
      const learn = expect(on, kind, ref);
      const options = { fieldManager: FIELD_MANAGER, ...(subresource === undefined ? {} : { subresource }) };
      learn(await clients[on].patch(kind, ref, { type, body }, options).catch(undefinedIfNotFound));
      return;
    }
    case 'delete': {
      const { on, kind, ref, uid, graceSeconds } = deed;
      const options = { uid, ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }) };
      await clients[on].delete(kind, ref, options).catch((error: unknown) => {
        // Another object has the name: the one that was meant is gone.
        if (!isKubeError(error, 'Conflict')) throw error;
      });
      return;
    }
    case 'bind':
      await calls.bind(deed.pod, deed.node, deed.hostUid).catch(undefinedIfNotFound);
      return;
    case 'tell':
      await events.emit(deed.object, { type: deed.type, reason: deed.reason, message: deed.message });
  }
}

function undefinedIfNotFound(error: unknown): undefined {
  if (!isKubeError(error, 'NotFound')) throw error;
  return undefined;
}
