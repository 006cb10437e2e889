import { describe, expect, it } from 'vitest';
import { webhookPatch, type WebhookConfiguration } from './webhook-patch.ts';

const encoded = Buffer.from('PEM').toString('base64');

function configuration(caBundle: string | undefined, groups: readonly string[]): WebhookConfiguration {
  const clientConfig = caBundle === undefined ? {} : { caBundle };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'tenantry' },
    webhooks: [
      {
        name: 'compositions.validating.tenantry.dev',
        clientConfig,
        rules: [{ apiGroups: ['workflows.kubeplus'] }],
      },
      { name: 'instances.validating.tenantry.dev', clientConfig, rules: [{ apiGroups: groups }] },
    ],
  };
}

describe('webhookPatch', () => {
  it('changes nothing when authority and groups are right', () => {
    expect(webhookPatch(configuration(encoded, ['platformapi.kubeplus']), 'PEM', [])).toEqual([]);
  });

  it('sets the authority on every webhook, each guarded by its name', () => {
    const patch = webhookPatch(configuration(undefined, ['platformapi.kubeplus']), 'PEM', [
      'platformapi.kubeplus',
    ]);

    expect(patch).toEqual([
      { op: 'test', path: '/webhooks/0/name', value: 'compositions.validating.tenantry.dev' },
      { op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: encoded },
      { op: 'test', path: '/webhooks/1/name', value: 'instances.validating.tenantry.dev' },
      { op: 'add', path: '/webhooks/1/clientConfig/caBundle', value: encoded },
    ]);
  });

  it('adds the groups of services to the webhooks of instances only, sorted and once', () => {
    const patch = webhookPatch(configuration(encoded, ['platformapi.kubeplus']), 'PEM', [
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
    const patch = webhookPatch(configuration(encoded, ['a.example.com', 'platformapi.kubeplus']), 'PEM', []);

    expect(patch.at(-1)).toEqual({
      op: 'replace',
      path: '/webhooks/1/rules/0/apiGroups',
      value: ['platformapi.kubeplus'],
    });
  });
});
