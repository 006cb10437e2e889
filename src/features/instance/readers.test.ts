import { describe, expect, it } from 'vitest';
import { readersOf, readerSubjects } from './readers.ts';

const createdBy = (accountidentity?: string) => ({
  apiVersion: 'platformapi.kubeplus/v1alpha1',
  kind: 'WordpressService',
  metadata: { name: 'wp', ...(accountidentity === undefined ? {} : { annotations: { accountidentity } }) },
});
const BOB = 'system:serviceaccount:shop:bob';

describe('readersOf', () => {
  it('are the creator and the provider, once', () => {
    expect(readersOf(createdBy(BOB), 'alice')).toEqual([BOB, 'alice']);
    expect(readersOf(createdBy('alice'), 'alice')).toEqual(['alice']);
  });

  it('are nobody where admission wrote nobody down', () => {
    expect(readersOf(createdBy(), undefined)).toEqual([]);
  });

  it.each(['', 'system:anonymous', 'system:unauthenticated'])('are never everybody (%s)', (user) => {
    expect(readersOf(createdBy(user), user)).toEqual([]);
  });
});

describe('readerSubjects', () => {
  it('are accounts by namespace and name, and users; never groups, whatever a user is called', () => {
    expect(readerSubjects([BOB, 'alice', 'system:masters', 'system:serviceaccount:a:b:c'])).toEqual([
      { kind: 'ServiceAccount', namespace: 'shop', name: 'bob' },
      { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'alice' },
      { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:masters' },
      { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:serviceaccount:a:b:c' },
    ]);
  });
});
