import { describe, expect, it } from 'vitest';
import { webhookPatch, type WebhookConfiguration } from './webhook-patch.ts';

function configuration(groups: readonly string[]): WebhookConfiguration {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'tenantry' },
    webhooks: [
      { name: 'compositions.validating.tenantry.dev', rules: [{ apiGroups: ['workflows.kubeplus'] }] },
      { name: 'instances.validating.tenantry.dev', rules: [{ apiGroups: groups }] },
    ],
  };
}

describe('webhookPatch', () => {
  it('changes nothing when the groups are right', () => {
    expect(webhookPatch(configuration(['platformapi.kubeplus']), ['platformapi.kubeplus'])).toEqual([]);
  });

  it('adds the groups of services to the webhooks of instances only, sorted, once, guarded by the name', () => {
    const patch = webhookPatch(configuration(['platformapi.kubeplus']), [
      'b.example.com',
      'a.example.com',
      'b.example.com',
    ]);

    expect(patch).toEqual([
      { op: 'test', path: '/webhooks/1/name', value: 'instances.validating.tenantry.dev' },
      {
        op: 'replace',
        path: '/webhooks/1/rules/0/apiGroups',
        value: ['a.example.com', 'b.example.com', 'platformapi.kubeplus'],
      },
    ]);
  });

  it('takes a group out again when its last service is gone', () => {
    const patch = webhookPatch(configuration(['a.example.com', 'platformapi.kubeplus']), []);

    expect(patch.at(-1)).toEqual({
      op: 'replace',
      path: '/webhooks/1/rules/0/apiGroups',
      value: ['platformapi.kubeplus'],
    });
  });
});
