import { ACCOUNT_ANNOTATION, FINALIZER } from '../../api/names.ts';
import type { AnyObject } from '../../kube/object.ts';
import type { AdmissionRequest, JsonPatchOperation } from '../../runtime/admission.ts';

/**
 * What the webhook adds to a composition: who created it, which later writers can't change (KubePlus wrote down the last
 * one), and at creation the finalizer, so that nothing is ever left behind. Pure.
 */
export function compositionPatch({
  operation,
  object,
  oldObject,
  user,
}: Pick<AdmissionRequest, 'operation' | 'object' | 'oldObject' | 'user'>): JsonPatchOperation[] {
  if (object === undefined || (operation !== 'CREATE' && operation !== 'UPDATE')) return [];
  const account =
    operation === 'CREATE' ? user.username : oldObject?.metadata.annotations?.[ACCOUNT_ANNOTATION];
  return [...accountPatch(object, account), ...(operation === 'CREATE' ? finalizerPatch(object) : [])];
}

function accountPatch(object: AnyObject, account: string | undefined): JsonPatchOperation[] {
  const { annotations } = object.metadata;
  if (annotations?.[ACCOUNT_ANNOTATION] === account) return [];
  const path = `/metadata/annotations/${ACCOUNT_ANNOTATION}`;
  // Written before we ran, by nobody we know: nor may anybody claim it now.
  if (account === undefined) return [{ op: 'remove', path }];
  if (annotations === undefined)
    return [{ op: 'add', path: '/metadata/annotations', value: { [ACCOUNT_ANNOTATION]: account } }];
  return [{ op: 'add', path, value: account }];
}

function finalizerPatch(object: AnyObject): JsonPatchOperation[] {
  const { finalizers } = object.metadata;
  if (finalizers?.includes(FINALIZER) === true) return [];
  if (finalizers === undefined) return [{ op: 'add', path: '/metadata/finalizers', value: [FINALIZER] }];
  return [{ op: 'add', path: '/metadata/finalizers/-', value: FINALIZER }];
}
