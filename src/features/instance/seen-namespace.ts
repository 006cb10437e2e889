import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import { NAMESPACE } from '../../kube/builtin-kinds.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Read } from '../../runtime/controller.ts';
import type { Look, NamespaceSeen } from './look.ts';

export function seenNamespace(
  read: Read,
  identity: { readonly target: string; readonly uid: string },
): NamespaceSeen {
  return classify(read.stores.get(NAMESPACE, { name: identity.target }), identity.uid);
}

export async function liveNamespace({ read, identity, signal }: Look): Promise<NamespaceSeen> {
  return classify(await read.live.find(NAMESPACE, { name: identity.target }, { signal }), identity.uid);
}

/** Ours is what carries the UID of this very instance; a namespace of its predecessor by the same name is not. */
function classify(object: KubeObject | undefined, uid: string): NamespaceSeen {
  if (object === undefined) return { state: 'absent' };
  if (object.metadata.labels?.[INSTANCE_UID_LABEL] !== uid) return { state: 'taken', object };
  return { state: object.metadata.deletionTimestamp === undefined ? 'ours' : 'terminating', object };
}
