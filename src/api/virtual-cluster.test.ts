import { describe, expect, it } from 'vitest';
import { kubeconfigSecretOf, planeNamespaceOf, VIRTUAL_CLUSTER } from './virtual-cluster.ts';

describe('names of a virtual cluster', () => {
  it('gives the API server a namespace beside that of the pods', () => {
    expect(planeNamespaceOf('team-a')).toBe('team-a-plane');
  });

  it('keeps that within 63 characters, and different for different namespaces', () => {
    const [one, other] = ['a', 'b'].map((last) => planeNamespaceOf(`${'n'.repeat(62)}${last}`));

    expect(one).toHaveLength(63);
    expect(one).not.toBe(other);
  });

  it('calls the Secret as vcluster does', () => {
    expect(kubeconfigSecretOf('one')).toBe('vc-one');
    expect(VIRTUAL_CLUSTER.namespaced).toBe(true);
  });
});
