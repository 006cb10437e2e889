import { INSTANCE_UID_LABEL, INVENTORY_ANNOTATION, SERVICE_UID_LABEL } from '../../src/api/names.ts';
import { RESOURCE_POLICY } from '../../src/api/resource-policy.ts';
import { REVISION } from '../../src/api/revision.ts';
import type { Client } from '../../src/client/client.ts';
import { decodeInventory } from '../../src/features/instance/inventory.ts';
import { HASHES_ANNOTATION, INPUTS_LABEL } from '../../src/features/instance/kept-release.ts';
import { decodeRelease } from '../../src/helm/release-secret.ts';
import {
  CONFIG_MAP,
  CRD,
  LIMIT_RANGE,
  NAMESPACE,
  NETWORK_POLICY,
  RESOURCE_QUOTA,
  ROLE_BINDING,
  SECRET,
  SERVICE,
  SERVICE_ACCOUNT,
} from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { NS } from '../bench/bench-cluster.ts';
import { ACCOUNTS } from './real-process.ts';

/** Everything that an instance may consist of. */
const INSIDE: readonly Kind[] = [
  CONFIG_MAP,
  SECRET,
  SERVICE,
  SERVICE_ACCOUNT,
  RESOURCE_QUOTA,
  LIMIT_RANGE,
  NETWORK_POLICY,
  ROLE_BINDING,
];
/** Set by the server, by its controllers or by the clock. */
const VOLATILE = new Set([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'managedFields',
  // An apply of what is there already may count one up, where the server leaves an empty list out.
  'generation',
  'ownerReferences',
  'modifiedAt',
  'clusterIP',
  'clusterIPs',
  'status',
  // Others in every life: they are made of UIDs.
  INSTANCE_UID_LABEL,
  SERVICE_UID_LABEL,
  INPUTS_LABEL,
  HASHES_ANNOTATION,
]);

/** The namespace of an instance and everything in it, one text an object, without what differs from run to run. */
export async function pictureOfNamespace(client: Client, name: string): Promise<Record<string, string>> {
  const namespace = await client.find(NAMESPACE, { name });
  const lists = await Promise.all(INSIDE.map((kind) => client.list(kind, { namespace: name })));
  const objects: readonly KubeObject[] = lists.flatMap(({ items }) => items);
  const recorded = objects.map(recordText).join('\n');
  return Object.fromEntries(
    [...(namespace === undefined ? [] : [namespace]), ...objects].map((object) => [
      `${object.kind} ${object.metadata.name}`,
      JSON.stringify(readable(object, recorded), sorted),
    ]),
  );
}

/** Names of everything in the cluster that a service may leave behind. */
export async function namesOfAll(client: Client): Promise<readonly string[]> {
  const wanted: readonly (readonly [Kind, string | undefined])[] = [
    [NAMESPACE, undefined],
    [CRD, undefined],
    [REVISION, NS],
    [RESOURCE_POLICY, NS],
    [CONFIG_MAP, NS],
    [SECRET, NS],
    [SERVICE_ACCOUNT, ACCOUNTS],
  ];
  const lists = await Promise.all(
    wanted.map(async ([kind, namespace]) => {
      const { items } = await client.list(kind, namespace === undefined ? {} : { namespace });
      return items.map(({ metadata }) => `${kind.kind} ${metadata.name}`);
    }),
  );
  return lists.flat().sort();
}

/** The manifest of a running release; empty for anything else. */
function recordText(object: KubeObject): string {
  if (object.metadata.labels?.['status'] !== 'deployed') return '';
  return decodeRelease(object).manifest;
}

function readable(object: KubeObject, recorded: string): unknown {
  const { labels } = object.metadata;
  // True: items of these kinds are JSON.
  const { data, ...rest } = object as KubeObject & { readonly data?: Readonly<Record<string, string>> };
  if (labels?.['owner'] === 'helm') return { ...rest, data: 'a release' };
  const inventory = decodeInventory(object.metadata.annotations?.[INVENTORY_ANNOTATION]);
  if (inventory !== undefined) {
    const { phase, number, running } = inventory.release;
    const names = [...inventory.objects, ...inventory.policies].map(
      ({ kind, name }) => `${kind.kind} ${name}`,
    );
    return {
      ...rest,
      metadata: { name: object.metadata.name, labels },
      phase,
      number,
      running,
      names: names.sort(),
    };
  }
  const token = data?.['token'];
  if (token === undefined || object.kind !== 'Secret') return object;
  // Drawn when the release was rendered, which must have been once.
  const isRecorded = recorded.includes(Buffer.from(token, 'base64').toString());
  return { ...rest, data: isRecorded ? 'as recorded' : 'not as recorded' };
}

/** A replacer for JSON.stringify: keys in order, without the volatile ones. */
function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !VOLATILE.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
