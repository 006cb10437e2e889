import { describe, expect, it } from 'vitest';
import { userObjects } from './plane-user.ts';

describe('the account that speaks for a user of a plane', () => {
  it('may be this user in these groups, and nobody else', () => {
    expect(userObjects({ user: 'jane', groups: ['devs', 'ops'] }).role.rules).toEqual([
      { apiGroups: [''], resources: ['users'], resourceNames: ['jane'], verbs: ['impersonate'] },
      { apiGroups: [''], resources: ['groups'], resourceNames: ['devs', 'ops'], verbs: ['impersonate'] },
    ]);
  });

  it('has no rule for groups where there are none, which would mean all', () => {
    expect(userObjects({ user: 'jane', groups: [] }).role.rules).toHaveLength(1);
  });

  it('is another one for other groups, and the same in whatever order', () => {
    const name = (...groups: string[]) => userObjects({ user: 'jane', groups }).role.metadata.name;

    expect(name('a', 'b')).toBe(name('b', 'a'));
    expect(new Set([name(), name('a'), name('a', 'b')]).size).toBe(3);
  });

  it('has a name that Kubernetes takes, whatever the user is called', () => {
    expect(userObjects({ user: 'Jane Doe <jane@example.com>', groups: [] }).role.metadata).toMatchObject({
      name: expect.stringMatching(/^tenantry-user-[a-z0-9]+$/),
      labels: { 'tenantry.dev/user': expect.stringMatching(/^[a-z0-9]+$/) },
    });
  });
});
