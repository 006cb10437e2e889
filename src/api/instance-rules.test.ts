import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseYaml } from '../kube/yaml.ts';
import { INSTANCE_RULES, rulesAllow } from './instance-rules.ts';

describe('INSTANCE_RULES', () => {
  it('are what the operator’s chart grants', () => {
    const file = new URL('../../deploy/chart/templates/cluster/instance-role.yaml', import.meta.url);
    const [, rules = ''] = /^rules:\n([\s\S]*?)^\{\{/m.exec(readFileSync(file, 'utf8')) ?? [];

    expect(parseYaml(rules)).toEqual(INSTANCE_RULES);
  });
});

describe('rulesAllow', () => {
  const deployments = { group: 'apps', resource: 'deployments' };

  it('asks for group, resource and verb together', () => {
    expect(rulesAllow(INSTANCE_RULES, { ...deployments, verb: 'create' })).toBe(true);
    expect(rulesAllow(INSTANCE_RULES, { ...deployments, verb: 'deletecollection' })).toBe(false);
    expect(rulesAllow(INSTANCE_RULES, { group: '', resource: 'deployments', verb: 'create' })).toBe(false);
  });

  it('takes wildcards and leaves out rules for single names', () => {
    const all = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };

    expect(rulesAllow([all], { ...deployments, verb: 'create' })).toBe(true);
    expect(rulesAllow([{ ...all, resourceNames: ['a'] }], { ...deployments, verb: 'create' })).toBe(false);
  });
});
