import { apiVersionOf, type Kind } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import { planeLabels } from './plane-names.ts';
import type { PlaneSpec } from './plane-spec.ts';

/** An object and how it is addressed. */
export interface Part {
  readonly kind: Kind;
  readonly object: KubeObject;
}

/** Whose objects are, and where. */
export type PartOwner = Pick<PlaneSpec, 'name' | 'namespace' | 'ownerUid' | 'labels' | 'ownerReferences'>;

/** One object of a plane, in its namespace, with its labels and owners. */
export function partOf<T extends KubeObject>(
  spec: PartOwner,
  kind: Kind<T>,
  name: string,
  content: Omit<T, 'apiVersion' | 'kind' | 'metadata'>,
): Part {
  const { namespace, ownerReferences } = spec;
  const metadata = {
    name,
    namespace,
    labels: planeLabels(spec),
    ...(ownerReferences === undefined ? {} : { ownerReferences }),
  };
  return { kind, object: { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata, ...content } };
}
