import { describe, expect, it } from 'vitest';
import { isPlaneName } from './control-plane-names.ts';
import { kubeconfigSecretOf, planeNameOf, VIRTUAL_CLUSTER } from './virtual-cluster.ts';

describe('names of a virtual cluster', () => {
  it('calls the plane after the namespace', () => {
    expect(planeNameOf('team-a')).toBe('vc-team-a');
  });

  it('keeps that a name of planes, and different for different namespaces', () => {
    const [one = '', other] = ['a', 'b'].map((last) => planeNameOf(`${'n'.repeat(62)}${last}`));

    expect(isPlaneName(one)).toBe(true);
    expect(one).not.toBe(other);
  });

  it('calls the Secret as vcluster does', () => {
    expect(kubeconfigSecretOf('one')).toBe('vc-one');
    expect(VIRTUAL_CLUSTER.namespaced).toBe(true);
  });
});
