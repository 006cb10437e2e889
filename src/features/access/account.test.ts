import { describe, expect, it } from 'vitest';
import { accountOf, clusterRoleNameOf, roleNamesOf, userNameOf } from './account.ts';

describe('accountOf', () => {
  it('is KubePlus’s account of a provider', () => {
    expect(userNameOf(accountOf('acme'))).toBe('system:serviceaccount:acme:kubeplus-saas-provider');
  });

  it.each([
    '',
    'Acme',
    'a b',
    'acme; rm -rf /',
    '$(id)',
    '`id`',
    "a'b",
    '../kube-system',
    '--kubeconfig=x',
    'a/b',
    'a:b',
    'x'.repeat(64),
  ])('takes no namespace or consumer called %s: names reach no shell and leave no folder', (name) => {
    expect(() => accountOf(name)).toThrow(/is not a name/);
    expect(() => accountOf('acme', name)).toThrow(/is not a name/);
  });

  it.each(['default', 'tenantry-operator', 'kubeplus-saas-provider'])(
    'makes no consumer of account %s, whose token would be that of somebody else',
    (name) => {
      expect(() => accountOf('acme', name)).toThrow(/exists for something else/);
    },
  );
});

describe('names of roles', () => {
  it('differ for all accounts, also where names join to the same text', () => {
    const accounts = [
      accountOf('a'),
      accountOf('a-b'),
      accountOf('a', 'b'),
      accountOf('a', 'b-update'),
      accountOf('a', 'update'),
      accountOf('a-b', 'c'),
      accountOf('a', 'b-c'),
      accountOf('provider', 'a'),
    ];
    const names = accounts.flatMap((account) => {
      const { base, update } = roleNamesOf(account);
      const cluster = clusterRoleNameOf(account);
      return [`${account.namespace}/${base}`, `${account.namespace}/${update}`, cluster, `${cluster}:update`];
    });

    expect(new Set(names).size).toBe(names.length);
  });

  it('are apart from those that others rely on', () => {
    expect(clusterRoleNameOf(accountOf('node', 'system'))).toBe('tenantry:consumer:node:system');
  });
});
