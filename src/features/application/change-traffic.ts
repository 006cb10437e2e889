import type { Instance } from '../../api/instance.ts';
import {
  INSTANCE_KIND_LABEL,
  INSTANCE_NAME_LABEL,
  INSTANCE_NAMESPACE_LABEL,
  INSTANCE_UID_LABEL,
  RESTRICT_POLICY,
} from '../../api/names.ts';
import type { Client } from '../../client/client.ts';
import type { ServedResource } from '../../client/discovery-documents.ts';
import { NAMESPACE, NETWORK_POLICY } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { ApplicationError } from './application-error.ts';
import { serviceKinds } from './find-application.ts';

/** One end of the traffic: an instance, by the namespace that holds it. */
export interface Side {
  readonly target: string;
  readonly kind: Kind<Instance>;
  readonly instance: Instance;
}

/** The instance that a namespace holds. Throws ApplicationError, in KubePlus's words where it has some. */
export async function findSide(
  client: Pick<Client, 'find' | 'list'>,
  resources: readonly ServedResource[],
  target: string,
  contextNamespace: string,
): Promise<Side> {
  const kinds = serviceKinds(resources);
  const byName = await byNamespace(client, kinds, target);
  const side = byName === 'hidden' ? await byStatus(client, kinds, target, contextNamespace) : byName;
  if (side !== undefined) return side;
  throw new ApplicationError(
    `NetworkPolicy '${RESTRICT_POLICY}' does not exist in namespace '${target}'.`,
    'Name two namespaces that hold instances: `tenantry status` lists them.',
  );
}

/** By the marks of the namespace, which only the operator sets. */
async function byNamespace(
  client: Pick<Client, 'find' | 'list'>,
  kinds: readonly Kind<Instance>[],
  target: string,
): Promise<Side | 'hidden' | undefined> {
  const namespace = await client.find(NAMESPACE, { name: target }).catch((error: unknown) => {
    if (isKubeError(error, 'Forbidden')) return 'hidden' as const;
    throw error;
  });
  if (namespace === undefined || namespace === 'hidden') return namespace;
  const { labels = {} } = namespace.metadata;
  const name = labels[INSTANCE_NAME_LABEL];
  const place = labels[INSTANCE_NAMESPACE_LABEL];
  if (name === undefined || place === undefined) return undefined;
  for (const kind of kinds.filter((one) => one.kind === labels[INSTANCE_KIND_LABEL])) {
    const instance = await client.find(kind, { namespace: place, name });
    if (instance?.metadata.uid === labels[INSTANCE_UID_LABEL] && instance !== undefined)
      return { target, kind, instance };
  }
  return undefined;
}

/** By what the instances of one's own namespace say, for who may not read namespaces. */
async function byStatus(
  client: Pick<Client, 'list'>,
  kinds: readonly Kind<Instance>[],
  target: string,
  namespace: string,
): Promise<Side | undefined> {
  for (const kind of kinds) {
    // Rights are given by kind: a consumer has those of the services that were granted.
    const items = await client.list(kind, { namespace }).then(
      (list) => list.items,
      (error: unknown) => {
        if (isKubeError(error, 'Forbidden')) return [];
        throw error;
      },
    );
    const instance = items.find(({ status }) => status?.namespace === target);
    if (instance !== undefined) return { target, kind, instance };
  }
  return undefined;
}

/** True if a side names the other one as it is now. */
export function agrees(side: Side, other: Side): boolean {
  return side.instance.tenantry?.trafficWith?.[other.target] === other.instance.metadata.uid;
}

/** True if a side names the other one's namespace, also as it was before. */
export function names(side: Side, other: Side): boolean {
  return side.instance.tenantry?.trafficWith?.[other.target] !== undefined;
}

/**
 * Writes into one side's instance that it agrees to traffic with the other, or no longer. A dry run asks whether it would be allowed:
 * so that nothing is half done where only one of the two may be changed.
 */
export async function writeAgreement(
  client: Pick<Client, 'patch'>,
  side: Side,
  other: Side,
  change: { readonly agree: boolean; readonly dryRun: boolean },
): Promise<void> {
  const uid = change.agree ? (other.instance.metadata.uid ?? null) : null;
  // The side's own UID: an instance that took the name meanwhile is not meant.
  const metadata = { uid: side.instance.metadata.uid };
  const body = { metadata, tenantry: { trafficWith: { [other.target]: uid } } };
  await client.patch(
    side.kind,
    side.instance.metadata,
    { type: 'merge', body },
    { dryRun: change.dryRun, fieldManager: 'kubectl-traffic' },
  );
}

/** True once the operator's policy is as agreed; undefined where the user may not look. */
export async function isInForce(
  client: Pick<Client, 'find'>,
  side: Side,
  other: Side,
  agree: boolean,
): Promise<boolean | undefined> {
  try {
    const policy = await client.find(NETWORK_POLICY, { namespace: side.target, name: RESTRICT_POLICY });
    const { uid } = other.instance.metadata;
    const open = (policy?.spec?.ingress ?? []).some((rule) =>
      (rule.from ?? []).some(({ namespaceSelector }) =>
        (namespaceSelector?.matchExpressions ?? []).some(
          ({ key, values }) =>
            key === INSTANCE_UID_LABEL && uid !== undefined && values?.includes(uid) === true,
        ),
      ),
    );
    return policy !== undefined && open === agree;
  } catch (error) {
    if (isKubeError(error, 'Forbidden')) return undefined;
    throw error;
  }
}
