import { describe, expect, it } from 'vitest';
import { contextNameOf, readContextName } from './context-name.ts';

describe('the context of a virtual cluster', () => {
  it('is called as vcluster calls it, and read again', () => {
    const leadsTo = { name: 'customer-1', namespace: 'team', parent: 'kind_one' };

    expect(contextNameOf(leadsTo)).toBe('vcluster_customer-1_team_kind_one');
    expect(readContextName('vcluster_customer-1_team_kind_one')).toEqual(leadsTo);
  });

  it.each(['kind', 'vcluster', 'vcluster_a', 'vcluster_a_b', 'xvcluster_a_b_c', ''])('is not %j', (name) => {
    expect(readContextName(name)).toBeUndefined();
  });
});
