import { describe, expect, it } from 'vitest';
import { isPlaneName } from './control-plane-names.ts';
import {
  kubeconfigSecretOf,
  planeNameOf,
  VIRTUAL_CLUSTER,
  virtualClusterNameProblem,
} from './virtual-cluster.ts';

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

describe('the name of a virtual cluster', () => {
  it.each(['a', 'team-a-1', 'a'.repeat(40)])('may be %s', (name) => {
    expect(virtualClusterNameProblem(name)).toBeUndefined();
  });

  it.each(['', 'Team', '1a', 'a-', 'a.b', 'a\n', 'a'.repeat(41)])('may not be %j', (name) => {
    expect(virtualClusterNameProblem(name)).toMatch(/characters|letters/);
  });
});
