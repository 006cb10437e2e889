import { describe, expect, it } from 'vitest';
import { kubeconfig, kubeconfigText } from './kubeconfig.ts';

describe('kubeconfig', () => {
  it('embeds authority and client certificate', () => {
    const text = kubeconfigText({
      server: 'https://h:1',
      ca: 'CA',
      user: { cert: 'C', key: 'K' },
      name: 'n',
    });

    expect(JSON.parse(text)).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'n', cluster: { server: 'https://h:1', 'certificate-authority-data': 'Q0E=' } }],
      users: [{ name: 'n', user: { 'client-certificate-data': 'Qw==', 'client-key-data': 'Sw==' } }],
      contexts: [{ name: 'n', context: { cluster: 'n', user: 'n' } }],
      'current-context': 'n',
    });
  });

  it('carries token, namespace and server name where they are given', () => {
    const made = kubeconfig({
      server: 'https://h:1',
      ca: 'CA',
      user: { token: 't' },
      namespace: 'x',
      tlsServerName: 'kubernetes',
    });

    expect(made).toMatchObject({
      clusters: [{ cluster: { 'tls-server-name': 'kubernetes' } }],
      users: [{ user: { token: 't' } }],
      contexts: [{ context: { namespace: 'x' } }],
    });
  });
});
