import { describe, expect, it } from 'vitest';
import { readAccount } from './account-entry.ts';

describe('an account of a virtual cluster', () => {
  it.each([
    ['robot', { namespace: 'kube-system', name: 'robot' }],
    ['ops/robot', { namespace: 'ops', name: 'robot' }],
  ])('%s is read as vcluster reads it', (text, account) => {
    expect(readAccount(text)).toEqual(account);
  });

  it.each(['', '/robot', 'ops/', 'a/b/c'])('is not %j', (text) => {
    expect(() => readAccount(text)).toThrow(/--service-account is/);
  });
});
