import { describe, expect, it } from 'vitest';
import { accountOf } from './account.ts';
import { missingLabels } from './prepare-namespace.ts';

const PROVIDER = accountOf('acme');
const namespace = (labels: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'acme', labels },
});
const ENFORCE = 'pod-security.kubernetes.io/enforce';

describe('missingLabels', () => {
  it('gives a new namespace of a provider KubePlus’s label and the strictest level', () => {
    expect(missingLabels(PROVIDER, { namespace: undefined, hasPods: false }, undefined)).toEqual({
      managedby: 'kubeplus',
      [ENFORCE]: 'restricted',
    });
  });

  it('adds nothing the second time', () => {
    const site = { namespace: namespace({ managedby: 'kubeplus', [ENFORCE]: 'restricted' }), hasPods: true };

    expect(missingLabels(PROVIDER, site, undefined)).toEqual({});
  });

  it('leaves a level that the owner chose, and takes one that the owner says', () => {
    const site = { namespace: namespace({ managedby: 'kubeplus', [ENFORCE]: 'baseline' }), hasPods: true };

    expect(missingLabels(PROVIDER, site, undefined)).toEqual({});
    expect(missingLabels(PROVIDER, site, 'restricted')).toEqual({ [ENFORCE]: 'restricted' });
  });

  it('lets no provider make pods without a level beside pods of others', () => {
    const site = { namespace: namespace({}), hasPods: true };

    expect(() => missingLabels(PROVIDER, site, undefined)).toThrow(/no Pod Security level/);
    expect(missingLabels(PROVIDER, site, 'baseline')).toMatchObject({ [ENFORCE]: 'baseline' });
  });

  it('makes no provider in the namespace of an instance', () => {
    const site = { namespace: namespace({ 'tenantry.dev/instance-uid': 'u' }), hasPods: false };

    expect(() => missingLabels(PROVIDER, site, undefined)).toThrow(/holds an instance/);
  });

  it('makes no provider’s namespace out of a consumer’s', () => {
    expect(
      missingLabels(accountOf('acme', 'bob'), { namespace: undefined, hasPods: false }, undefined),
    ).toEqual({});
  });
});
