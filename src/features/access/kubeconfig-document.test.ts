import { describe, expect, it } from 'vitest';
import { kubeconfigDocument, serverUrl } from './kubeconfig-document.ts';

const PARTS = {
  server: 'https://10.0.0.1:6443',
  ca: 'PEM',
  name: 'kubeplus-saas-provider',
  user: 'kubeplus-saas-provider',
  namespace: 'acme',
  token: 't',
};

describe('kubeconfigDocument', () => {
  it('has KubePlus’s shape, and verifies the server', () => {
    expect(JSON.parse(kubeconfigDocument(PARTS))).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'kubeplus-saas-provider',
          cluster: {
            server: 'https://10.0.0.1:6443',
            'insecure-skip-tls-verify': false,
            'certificate-authority-data': 'UEVN',
          },
        },
      ],
      users: [{ name: 'kubeplus-saas-provider', user: { token: 't' } }],
      contexts: [
        {
          name: 'kubeplus-saas-provider',
          context: { cluster: 'kubeplus-saas-provider', user: 'kubeplus-saas-provider', namespace: 'acme' },
        },
      ],
      'current-context': 'kubeplus-saas-provider',
    });
  });

  it('takes the name that was asked for as cluster and context', () => {
    const named = JSON.parse(kubeconfigDocument({ ...PARTS, name: 'prod' }));

    expect(named.clusters[0].name).toBe('prod');
    expect(named.contexts[0]).toMatchObject({ name: 'prod', context: { user: 'kubeplus-saas-provider' } });
  });

  it('skips verification only where that is asked for, and then names no authority, which clients refuse', () => {
    const { cluster } = JSON.parse(kubeconfigDocument({ ...PARTS, insecure: true })).clusters[0];

    expect(cluster).toEqual({ server: PARTS.server, 'insecure-skip-tls-verify': true });
    expect(JSON.parse(kubeconfigDocument({ ...PARTS, ca: undefined })).clusters[0].cluster).toEqual({
      server: PARTS.server,
      'insecure-skip-tls-verify': false,
    });
  });
});

describe('serverUrl', () => {
  it.each([
    ['10.0.0.1:6443', 'https://10.0.0.1:6443'],
    ['https://api.example.com', 'https://api.example.com'],
  ])('%s becomes %s', (text, url) => {
    expect(serverUrl(text)).toBe(url);
  });
});
