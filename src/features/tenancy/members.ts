import type { Tenant } from '../../api/tenant.ts';
import type { AdmissionRequest, Finding } from '../../runtime/admission.ts';

type Member = NonNullable<NonNullable<Tenant['spec']>['members']>[number];
type User = AdmissionRequest['user'];

/** Why somebody may create nothing for the tenant; nothing if he may. Who may `use` the tenant needs no membership. */
export async function memberFindings(
  { metadata, spec }: Tenant,
  user: User,
  mayUse: () => Promise<boolean>,
): Promise<readonly Finding[]> {
  const { members } = spec ?? {};
  if (members === undefined || members.some((member) => isMember(member, user)) || (await mayUse()))
    return [];
  const text = `${user.username} is no member of tenant ${metadata.name}, whose namespace this is: ask the provider to add you to spec.members of the tenant`;
  return [{ message: text }];
}

function isMember({ kind, name, namespace }: Member, { username, groups }: User): boolean {
  switch (kind) {
    case 'User':
      return username === name;
    case 'Group':
      return groups.includes(name);
    case 'ServiceAccount':
      return namespace !== undefined && username === `system:serviceaccount:${namespace}:${name}`;
  }
}
