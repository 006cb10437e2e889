import { describe, expect, it } from 'vitest';
import { planeSpec } from '../../test/doubles/plane-spec.ts';
import type { Secret } from '../kube/builtin-kinds.ts';
import { readPki } from './plane-pki.ts';
import { adminKubeconfig, type OutsideAddress } from './secrets.ts';

const PKI = readPki({ 'ca.crt': 'CA', 'admin.crt': 'C', 'admin.key': 'K' });

function kubeconfigs(outside?: OutsideAddress): Record<string, unknown> {
  // True: it is a Secret.
  const { data } = adminKubeconfig(planeSpec(), PKI, outside).object as Secret;
  return Object.fromEntries(
    Object.entries(data ?? {}).map(([key, text]) => [
      key,
      JSON.parse(Buffer.from(text, 'base64').toString()),
    ]),
  );
}

describe('the kubeconfigs of a plane’s administrator', () => {
  it('have KubeFlex’s names', () => {
    expect(kubeconfigs()).toEqual({
      'kubeconfig-incluster': {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [
          {
            name: 'a-cluster',
            cluster: {
              server: 'https://a.a-system.svc.cluster.local',
              'certificate-authority-data': 'Q0E=',
            },
          },
        ],
        users: [{ name: 'a-admin', user: { 'client-certificate-data': 'Qw==', 'client-key-data': 'Sw==' } }],
        contexts: [{ name: 'a', context: { cluster: 'a-cluster', user: 'a-admin', namespace: 'default' } }],
        'current-context': 'a',
      },
    });
  });

  it('lead in from outside where there is a way', () => {
    const outside = { url: 'https://192.0.2.1:30443', tlsServerName: 'a.a-system.svc' };

    expect(kubeconfigs(outside)['kubeconfig']).toMatchObject({
      clusters: [{ cluster: { server: outside.url, 'tls-server-name': outside.tlsServerName } }],
    });
  });
});
