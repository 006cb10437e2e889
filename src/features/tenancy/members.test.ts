import { describe, expect, it } from 'vitest';
import type { Tenant } from '../../api/tenant.ts';
import { memberFindings } from './members.ts';

const user = { username: 'ann', uid: '', groups: ['team', 'system:authenticated'] };
type Members = NonNullable<Tenant['spec']>['members'];
const ask = (members: Members, mayUse = false, who = user): Promise<unknown> =>
  memberFindings(
    {
      apiVersion: 'tenantry.dev/v1alpha1',
      kind: 'Tenant',
      metadata: { name: 'acme' },
      spec: members === undefined ? {} : { members },
    },
    who,
    () => Promise.resolve(mayUse),
  );

describe('members of a tenant', () => {
  it.each<[string, Members]>([
    ['a tenant that names none', undefined],
    ['a user', [{ kind: 'User', name: 'ann' }]],
    ['a group', [{ kind: 'Group', name: 'team' }]],
  ])('may create: %s', async (_name, members) => expect(await ask(members)).toEqual([]));

  it('may be accounts, of their namespace only', async () => {
    const robot = { ...user, username: 'system:serviceaccount:ci:robot' };

    expect(await ask([{ kind: 'ServiceAccount', name: 'robot', namespace: 'ci' }], false, robot)).toEqual([]);
    expect(await ask([{ kind: 'ServiceAccount', name: 'robot', namespace: 'c' }], false, robot)).toHaveLength(
      1,
    );
    expect(await ask([{ kind: 'User', name: 'robot' }], false, robot)).toHaveLength(1);
  });

  it.each<[string, Members]>([
    ['nobody', []],
    ['a name that hers begins with', [{ kind: 'User', name: 'an' }]],
    ['a group of her name', [{ kind: 'Group', name: 'ann' }]],
  ])('are no others: %s', async (_name, members) => {
    expect(await ask(members)).toEqual([
      {
        message:
          'ann is no member of tenant acme, whose namespace this is: ask the provider to add you to spec.members of the tenant',
      },
    ]);
    expect(await ask(members, true)).toEqual([]);
  });
});
