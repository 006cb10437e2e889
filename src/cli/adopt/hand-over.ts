import { INSTANCE_CLUSTER_ROLE, INSTANCE_UID_LABEL, SERVICE_CLUSTER_ROLE_PREFIX } from '../../api/names.ts';
import { FIELD_MANAGER, type Client } from '../../client/client.ts';
import { namespaceLabels, type KindedObject } from '../../features/instance/policies.ts';
import { NAMESPACE, POD, ROLE_BINDING, SECRET } from '../../kube/builtin-kinds.ts';
import type { Kind, ObjectRef } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { KubeObject } from '../../kube/object.ts';
import { countAsApplied, managedFieldsOf } from '../../runtime/managed-fields.ts';
import { UserError } from '../cli-io.ts';
import type { FoundRelease } from './find-release.ts';
import type { WantedRelease } from './wanted-release.ts';

/** Programs that install releases, by the names under which they write: from now on the operator writes in their place. */
const HELM_MANAGERS: readonly string[] = ['helm', 'helm-controller', 'terraform-provider-helm'];
/** Tries to mark an object that others write at the same time; a workload's status moves a few times a second. */
const ATTEMPTS = 5;

/**
 * Gives a release and its namespace to an instance, with the rights of whoever calls: everything that belongs to the release is marked
 * with the instance's UID, and the service's account is given its rights there, for which one must hold them oneself. The namespace comes
 * last: from then on only the operator marks, and begins. May be done again after it was broken off.
 */
export async function handOver(client: Client, found: FoundRelease, wanted: WantedRelease): Promise<void> {
  const { identity, release, policies } = wanted;
  const { target: namespace, uid } = identity;
  if ((await client.get(NAMESPACE, { name: namespace })).metadata.labels?.[INSTANCE_UID_LABEL] === uid)
    return;
  for (const binding of policies.filter(bindsAccount)) await bind(client, binding, uid);
  // Of what stands around a release nothing is to stay that the operator does not say: a selector of KubePlus's, say.
  for (const { kind, object } of policies.filter((one) => !bindsAccount(one)))
    await mark(client, kind, object.metadata, uid, 'everybody');
  for (const { kind, object } of release.objects) await mark(client, kind, object.metadata, uid);
  for (const secret of found.secrets) await mark(client, SECRET, secret.metadata, uid);
  for (const pod of await podsOf(client, namespace)) await mark(client, POD, pod, uid);
  await markNamespace(client, wanted);
}

/** Running pods are marked, too, so that the operator sees how they are; their templates stay as they are. */
async function podsOf(client: Client, namespace: string): Promise<readonly ObjectRef[]> {
  const { items } = await client.list(POD, { namespace });
  return items.map(({ metadata }) => ({ namespace, name: metadata.name }));
}

function bindsAccount({ kind, object }: KindedObject): boolean {
  const { name } = object.metadata;
  const isService = name === INSTANCE_CLUSTER_ROLE || name.startsWith(SERVICE_CLUSTER_ROLE_PREFIX);
  return kind.kind === ROLE_BINDING.kind && isService;
}

async function bind(client: Client, { kind, object }: KindedObject, uid: string): Promise<void> {
  try {
    await client.create(kind, object, { fieldManager: FIELD_MANAGER });
  } catch (error) {
    if (!isKubeError(error, 'AlreadyExists')) throw error;
    await mark(client, kind, object.metadata, uid);
  }
}

/** Marks one object if it is there. What Helm wrote counts as applied by us, so that a field that a later release drops goes. */
async function mark(
  client: Client,
  kind: Kind,
  ref: ObjectRef,
  uid: string,
  whose: 'helm' | 'everybody' = 'helm',
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const live = await client.find(kind, ref);
    if (live === undefined) return;
    refuseOther(kind, live, uid);
    const entries = managedFieldsOf(live);
    const writers = whose === 'helm' ? HELM_MANAGERS : entries.flatMap(({ manager }) => manager ?? []);
    const managedFields = countAsApplied(entries, writers, FIELD_MANAGER);
    const { resourceVersion } = live.metadata;
    const body = {
      metadata: {
        labels: { [INSTANCE_UID_LABEL]: uid },
        resourceVersion,
        ...(managedFields === undefined ? {} : { managedFields }),
      },
    };
    try {
      await client.patch(kind, ref, { type: 'merge', body });
      return;
    } catch (error) {
      if (isKubeError(error, 'NotFound')) return;
      if (!isKubeError(error, 'Conflict') || attempt === ATTEMPTS) throw error;
    }
  }
}

function refuseOther(kind: Kind, { metadata }: KubeObject, uid: string): void {
  const owner = metadata.labels?.[INSTANCE_UID_LABEL];
  // What an attempt for another instance marked is taken over; what is deleted is not.
  if (metadata.deletionTimestamp !== undefined)
    throw new UserError(
      `${kind.kind} ${metadata.name} is being deleted${owner === uid ? '' : '; nothing of the namespace was handed over'}`,
      'Wait until it is gone, and adopt again.',
    );
}

/** What says whose the namespace is, and wakes the instance; levels of security are the operator's to set. */
async function markNamespace(client: Client, { identity }: WantedRelease): Promise<void> {
  const live = await client.get(NAMESPACE, { name: identity.target });
  const labels = Object.entries(namespaceLabels(identity, { podSecurity: 'baseline' })).filter(
    ([name]) => !name.startsWith('pod-security.kubernetes.io/'),
  );
  const { uid, resourceVersion } = live.metadata;
  const body = { metadata: { uid, resourceVersion, labels: Object.fromEntries(labels) } };
  await client.patch(NAMESPACE, { name: identity.target }, { type: 'merge', body });
}
