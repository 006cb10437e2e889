import type { Client } from '../../client/client.ts';
import { CONFIG_MAP, ROLE_BINDING, SERVICE_ACCOUNT } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import type { AnyObject, KubeObject } from '../../kube/object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { withRemedy } from '../../lib/with-remedy.ts';
import { ACCESS_LABEL, CONSUMER_ACCOUNT, permsNameOf, PROVIDER_ACCOUNT, type Account } from './account.ts';
import type { AccessObject } from './access-objects.ts';

const WRITES = { fieldManager: 'provider-kubeconfig', force: true } as const;

/**
 * Writes the objects of an account, one after another. What exists and is not an account's is refused before anything is written: a Role
 * or account of that name belongs to somebody who relies on it. Safe to run twice. Throws KubeError, or an Error with a remedy.
 */
export async function writeAccess(
  client: Client,
  account: Account,
  objects: readonly AccessObject[],
  note: (text: string) => void,
): Promise<void> {
  const stored = await Promise.all(objects.map(({ kind, object }) => findPlain(client, kind, object)));
  objects.forEach(({ kind, object }, index) => {
    const before = stored[index];
    if (before !== undefined && !isOfAccount(before, kind, account)) throw notOurs(kind, object);
  });
  for (const [index, { kind, object }] of objects.entries()) {
    const before = stored[index];
    // What a binding binds can't be changed.
    if (before !== undefined && 'roleRef' in object && !deepEqual(before['roleRef'], object['roleRef']))
      await client.delete(kind, object.metadata, { uid: before.metadata.uid ?? '' });
    await client.apply<KubeObject>(kind, object, WRITES);
    note(`${object.kind} ${object.metadata.name}`);
  }
}

function findPlain(
  client: Client,
  { _type, ...kind }: Kind,
  { metadata }: AnyObject,
): Promise<AnyObject | undefined> {
  return client.find<AnyObject>(kind, { namespace: metadata.namespace, name: metadata.name });
}

/** Ours by the label; or KubePlus's own objects, whose names belong to it. */
export function isOfAccount(stored: KubeObject, kind: Kind, account: Account): boolean {
  if (stored.metadata.labels?.[ACCESS_LABEL] !== undefined) return true;
  const { name } = stored.metadata;
  const isKubePlus = account.name === PROVIDER_ACCOUNT || account.name === CONSUMER_ACCOUNT;
  if (!isKubePlus) return kind === CONFIG_MAP && name === permsNameOf(account).name;
  return kind === SERVICE_ACCOUNT || kind === CONFIG_MAP || kind === ROLE_BINDING;
}

function notOurs(kind: Kind, { metadata: { namespace, name } }: AnyObject): Error {
  const where = namespace === undefined ? '' : ` -n ${namespace}`;
  return withRemedy(
    `${kind.kind} ${name} exists and was not made by this command; nothing was written`,
    `Choose another name. If it is the account's, mark it: kubectl label ${kind.plural} ${name}${where} ${ACCESS_LABEL}=consumer`,
  );
}
