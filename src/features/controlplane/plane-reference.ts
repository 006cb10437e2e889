import { CONTROL_PLANE, type ControlPlane } from '../../api/control-plane.ts';
import { apiVersionOf } from '../../kube/kind.ts';
import type { OwnerReference } from '../../kube/object.ts';

/** The plane as the owner that controls what belongs to no namespace of its own: that goes with it. */
export function referenceTo({ metadata }: ControlPlane): OwnerReference {
  const { name, uid = '' } = metadata;
  return { apiVersion: apiVersionOf(CONTROL_PLANE), kind: CONTROL_PLANE.kind, name, uid, controller: true };
}
