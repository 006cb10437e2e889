import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import { NAMESPACE, ROLE_BINDING } from '../../kube/builtin-kinds.ts';
import type { OwnerReference } from '../../kube/object.ts';
import { partOf, type Part, type PartOwner } from '../../planes/object-of.ts';
import { planeLabels } from '../../planes/plane-names.ts';
import type { ServiceAccountRef, Write } from '../../runtime/plan.ts';

/** ClusterRole of what the account of planes may do in the namespace of one; and its binding there. */
export const PLANE_ROLE = 'tenantry-plane';

/** The namespace of a plane: created with the label that says whose it is, pods without rights on their node. */
export function namespaceWrite(owner: PartOwner, references: readonly OwnerReference[]): Write {
  return {
    verb: 'own',
    kind: NAMESPACE,
    owner: owner.ownerUid,
    object: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: owner.namespace,
        labels: {
          ...planeLabels(owner),
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/enforce-version': 'latest',
        },
        ...(references.length === 0 ? {} : { ownerReferences: references }),
      },
    },
  };
}

/** What lets the account of planes in. */
export function bindingPart(owner: PartOwner, account: ServiceAccountRef): Part {
  return partOf(owner, ROLE_BINDING, PLANE_ROLE, {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: PLANE_ROLE },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  });
}

/** Whose a namespace is, by its label. */
export function ownerOf(namespace: {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
}): string | undefined {
  return namespace.metadata.labels?.[INSTANCE_UID_LABEL];
}
