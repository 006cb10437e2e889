import { describe, expect, it } from 'vitest';
import type { ConfigMap } from '../../kube/builtin-kinds.ts';
import { auditSettings } from './audit-settings.ts';

const map = (data: Record<string, string>, label = 'true'): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'p', labels: { 'tenantry.dev/audit-policy': label } },
  data,
});
const POLICY = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n';
const problem = (found: ConfigMap | undefined): string => {
  const settings = auditSettings({ policyConfigMap: 'p' }, found, 'ops');
  return 'problem' in settings ? settings.problem : '';
};

describe('the audit log that a plane asks for', () => {
  it('keeps nothing of what is in Secrets, at whatever level', () => {
    const settings = auditSettings({ level: 'RequestResponse' }, undefined, 'ops');
    const { rules } = JSON.parse('audit' in settings ? (settings.audit?.policy ?? '{}') : '{}') as {
      rules: { level: string; resources?: { resources?: string[] }[] }[]; // true: written by the code under test
    };
    const ofSecrets = rules.findIndex(({ resources = [] }) =>
      resources.some((one) => one.resources?.includes('secrets') === true),
    );

    expect(rules[ofSecrets]?.level).toBe('Metadata');
    expect(rules.findIndex(({ level }) => level === 'RequestResponse')).toBeGreaterThan(ofSecrets);
  });

  it('is files of bounded size where it is asked for', () => {
    expect(auditSettings({ output: 'volume', maxBackups: 2 }, undefined, 'ops')).toMatchObject({
      audit: { files: { maxSizeMiB: 100, maxBackups: 2 } },
    });
    expect(auditSettings({}, undefined, 'ops')).not.toHaveProperty('audit.files');
  });

  it('follows a policy of the ConfigMap', () => {
    expect(auditSettings({ policyConfigMap: 'p' }, map({ 'policy.yaml': POLICY }), 'ops')).toEqual({
      audit: { policy: POLICY },
    });
  });

  it.each<[string, ConfigMap | undefined, RegExp]>([
    ['is not there', undefined, /ConfigMap ops\/p is not there/],
    ['is not for planes', map({ 'policy.yaml': POLICY }, 'no'), /not labelled/],
    ['lacks the key', map({}), /lacks policy.yaml/],
    ['is no YAML', map({ 'policy.yaml': 'a: [' }), /policy.yaml: /],
    ['is something else', map({ 'policy.yaml': 'kind: Pod' }), /no Policy of audit.k8s.io/],
    ['is an empty text', map({ 'policy.yaml': '' }), /no Policy of audit.k8s.io/],
    ['has no rules', map({ 'policy.yaml': POLICY.split('rules')[0] ?? '' }), /no rules/],
  ])('says what is wrong with one that %s', (_what, found, message) => {
    expect(problem(found)).toMatch(message);
    expect(problem(found)).toContain('spec.audit.policyConfigMap: ConfigMap ops/p');
  });
});
