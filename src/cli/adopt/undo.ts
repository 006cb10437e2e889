import { INSTANCE_UID_LABEL, INVENTORY_ANNOTATION } from '../../api/names.ts';
import type { Instance } from '../../api/instance.ts';
import type { Client } from '../../client/client.ts';
import { inventoryOf } from '../../features/instance/inventory.ts';
import { namespaceLabels } from '../../features/instance/policies.ts';
import { NAMESPACE } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import { UserError } from '../cli-io.ts';

/**
 * Takes a namespace back from the instance that adopted it: the release goes on as it runs, as one of Helm's. The namespace comes first,
 * so that the operator lets go; then what it put around the release, its account's rights among it; then the instance, which holds nothing
 * any more.
 */
export async function undoAdoption(client: Client, kind: Kind<Instance>, instance: Instance): Promise<void> {
  const { adopted } = instance.tenantry ?? {};
  const { name, namespace = '', uid = '' } = instance.metadata;
  if (adopted === undefined)
    throw new UserError(
      `${kind.kind} ${name} took no release over; it was installed by Tenantry`,
      `\`kubectl delete ${kind.plural} ${name} -n ${namespace}\` deletes it.`,
    );
  const live = await client.find(NAMESPACE, { name: adopted.namespace });
  if (live?.metadata.labels?.[INSTANCE_UID_LABEL] === uid) {
    const inventory = inventoryOf(live);
    const identity = {
      uid,
      kind: kind.kind,
      name,
      namespace,
      target: '',
      release: '',
      serviceUid: '',
      account: { namespace: '', name: '' },
    };
    const labels = Object.keys(
      namespaceLabels(identity, { podSecurity: 'baseline', isolation: 'strict', storageClasses: [] }),
    );
    const body = {
      metadata: {
        uid: live.metadata.uid,
        labels: Object.fromEntries(labels.map((label) => [label, null])),
        annotations: { [INVENTORY_ANNOTATION]: null },
      },
    };
    await client.patch(NAMESPACE, { name: adopted.namespace }, { type: 'merge', body });
    for (const entry of inventory?.policies ?? []) {
      if (entry.uid === undefined) continue;
      await client.delete(entry.kind, { namespace: adopted.namespace, name: entry.name }, { uid: entry.uid });
    }
  }
  await client.delete(kind, { namespace, name }, uid === '' ? {} : { uid });
}
