import type { Client } from '../../client/client.ts';
import { providerClusterRoleName } from '../../api/instance.ts';
import {
  CLUSTER_ROLE,
  CLUSTER_ROLE_BINDING,
  ROLE,
  ROLE_BINDING,
  SERVICE_ACCOUNT,
} from '../../kube/builtin-kinds.ts';
import type { Kind, ObjectRef } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { withRemedy } from '../../lib/with-remedy.ts';
import { clusterRoleNameOf, roleNamesOf, type Account } from './account.ts';
import { permsObject, updateObjects } from './access-objects.ts';
import { findAllowed } from './find-allowed.ts';
import { joinRules, revokeRules, type Rule } from './rules.ts';
import { writeAccess } from './write-access.ts';

type RoleObject = KubeObject & { readonly rules?: readonly Rule[] | null };

/** A role of an account and the kind of its binding; a role of services has none, for the operator binds it. */
interface Holder {
  readonly kind: Kind<RoleObject>;
  readonly ref: ObjectRef;
  readonly binding: Kind | undefined;
  /** Added by `update`, not by `create`. */
  readonly isUpdate: boolean;
}

/** Roles in the order in which KubePlus takes from them: what was added later goes first. Pure. */
function holdersOf(account: Account): readonly Holder[] {
  const { base, update } = roleNamesOf(account);
  const { namespace } = account;
  const cluster = clusterRoleNameOf(account);
  const forServices: Holder = {
    kind: CLUSTER_ROLE,
    ref: { name: providerClusterRoleName(namespace) },
    binding: undefined,
    isUpdate: true,
  };
  const held = (name: string, isUpdate: boolean): Holder => ({
    kind: ROLE,
    ref: { namespace, name },
    binding: ROLE_BINDING,
    isUpdate,
  });
  const everywhere = (name: string, isUpdate: boolean): Holder => ({
    kind: CLUSTER_ROLE,
    ref: { name },
    binding: CLUSTER_ROLE_BINDING,
    isUpdate,
  });
  return [
    held(update, true),
    everywhere(`${cluster}:update`, true),
    ...(account.role === 'provider' ? [forServices] : []),
    held(base, false),
    everywhere(cluster, false),
  ];
}

interface Held extends Holder {
  readonly rules: readonly Rule[];
}

async function readHeld(client: Client, account: Account): Promise<readonly Held[]> {
  const found = await Promise.all(
    holdersOf(account).map(async (holder) => {
      const role = await findAllowed(client, holder.kind, holder.ref);
      return role === undefined ? [] : [{ ...holder, rules: role.rules ?? [] }];
    }),
  );
  return found.flat();
}

/** Adds rules to an account's, on top of what was added before. Throws KubeError, or an Error with a remedy. */
export async function grantRules(client: Client, account: Account, rules: readonly Rule[]): Promise<void> {
  await requireAccount(client, account);
  const held = await readHeld(client, account);
  const added = held.filter(({ isUpdate }) => isUpdate).map((each) => each.rules);
  const all = joinRules(rules, ...added);
  const base = held.filter(({ isUpdate }) => !isUpdate).map((each) => each.rules);
  const objects = [...updateObjects(account, all), permsObject(account, joinRules(all, ...base))];
  await writeAccess(client, account, objects, () => undefined);
}

/** What became of a revocation: `none` where there was nothing to take from, `untouched` where nothing of it was held. */
export type Revoked = 'revoked' | 'untouched' | 'none';

/** Takes rules from everything that the account holds; a role that is empty then goes with its binding. Throws KubeError. */
export async function revokeFrom(client: Client, account: Account, rules: readonly Rule[]): Promise<Revoked> {
  const held = await readHeld(client, account);
  if (held.length === 0) return 'none';
  const left = held.map((each) => ({ ...each, left: revokeRules(each.rules, rules) }));
  const changed = left.filter((each) => !deepEqual(joinRules(each.rules), each.left));
  if (changed.length === 0) return 'untouched';
  for (const { kind, ref, binding, left: rest } of changed) {
    if (rest.length > 0) {
      await client.patch(kind, ref, { type: 'merge', body: { rules: rest } });
      continue;
    }
    if (binding !== undefined) await client.delete(binding, ref);
    await client.delete(kind, ref);
  }
  const remaining = left.flatMap((each) => each.left);
  await writeAccess(client, account, [permsObject(account, remaining)], () => undefined);
  return 'revoked';
}

/** Fails where nobody made the account. */
export async function requireAccount(client: Client, account: Account): Promise<void> {
  const { namespace, name, role } = account;
  if ((await client.find(SERVICE_ACCOUNT, { namespace, name })) !== undefined) return;
  const flag = role === 'provider' ? '' : ` -c ${name}`;
  throw withRemedy(
    `there is no ${role} ${name} in namespace ${namespace}`,
    `Make the account first: tenantry provider-kubeconfig create ${namespace}${flag}`,
  );
}
