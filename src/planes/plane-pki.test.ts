import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { duePki, pkiDueAt, pkiFiles, readPki, renewPki, type PlanePki } from './plane-pki.ts';
import { planeSpec } from '../../test/doubles/plane-spec.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const SPEC = planeSpec();

let pki: PlanePki;
const certOf = (name: keyof PlanePki['leaves']): X509Certificate =>
  new X509Certificate(pki.leaves[name].cert);

beforeAll(async () => {
  const none = readPki({});
  pki = await renewPki(none, duePki(none, SPEC, NOW), SPEC, NOW);
});

describe('the certificates of a plane', () => {
  it('are whole after they were made, and come back out of their files', () => {
    expect(duePki(pki, SPEC, NOW)).toEqual([]);
    expect(readPki(pkiFiles(pki))).toEqual(pki);
  });

  it('are signed by the authority of their purpose alone', () => {
    const signers = Object.entries(pki.leaves).map(([name, { cert }]) => [
      name,
      Object.entries(pki.authorities)
        .filter(([, authority]) =>
          new X509Certificate(cert).verify(new X509Certificate(authority.cert).publicKey),
        )
        .map(([authority]) => authority),
    ]);

    expect(Object.fromEntries(signers)).toEqual({
      apiserver: ['ca'],
      'apiserver-kubelet-client': ['client-ca'],
      'apiserver-etcd-client': ['etcd-ca'],
      'front-proxy-client': ['front-proxy-ca'],
      etcd: ['etcd-ca'],
      'controller-manager': ['client-ca'],
      admin: ['client-ca'],
    });
  });

  it('name the API server as KubeFlex and Kubernetes do', () => {
    const names = [
      'a.a-system.svc',
      'a.a-system.svc.cluster.local',
      'kubernetes.default.svc',
      'a.example.com',
    ];

    expect(names.filter((name) => certOf('apiserver').checkHost(name) === undefined)).toEqual([]);
    expect(certOf('apiserver').checkHost('b.b-system.svc')).toBeUndefined();
  });

  it('have serial numbers of their own', () => {
    const all = Object.values({ ...pki.authorities, ...pki.leaves }).map(
      ({ cert }) => new X509Certificate(cert).serialNumber,
    );

    expect(new Set(all).size).toBe(all.length);
  });

  it('are due when a third of their life is left, and only they', () => {
    const due = pkiDueAt(pki, SPEC);

    expect(due).toBe(NOW + 60 * DAY);
    expect(duePki(pki, SPEC, due - 1000)).toEqual([]);
    // The administrator's lives for a year here.
    expect(duePki(pki, SPEC, due)).toEqual([
      'apiserver',
      'apiserver-kubelet-client',
      'apiserver-etcd-client',
      'front-proxy-client',
      'etcd',
      'controller-manager',
    ]);
  });

  it.each<[string, Partial<typeof SPEC>, readonly string[]]>([
    ['the server’s when it gets a name', { dnsNames: ['other.example.com'] }, ['apiserver']],
    ['the server’s when it gets an address', { ipAddresses: ['10.0.0.1'] }, ['apiserver']],
    ['the administrator’s when it is to live shorter', { adminSeconds: 7200 }, ['admin']],
  ])('are due: %s', (_name, change, due) => {
    expect(duePki(pki, { ...SPEC, ...change }, NOW)).toEqual(due);
  });

  it('follow their authority, and a file that was damaged', () => {
    const files = pkiFiles(pki);

    expect(duePki(readPki({ ...files, 'etcd-ca.crt': '' }), SPEC, NOW)).toEqual([
      'etcd-ca',
      'apiserver-etcd-client',
      'etcd',
    ]);
    expect(duePki(readPki({ ...files, 'admin.key': files['etcd.key'] ?? '' }), SPEC, NOW)).toEqual(['admin']);
    expect(duePki(readPki({ ...files, 'sa.key': 'x' }), SPEC, NOW)).toEqual(['sa']);
  });

  it('are renewed without touching the others', async () => {
    const renewed = await renewPki(pki, ['admin'], SPEC, NOW);

    expect(renewed).toEqual({ ...pki, leaves: { ...pki.leaves, admin: renewed.leaves.admin } });
    expect(renewed.leaves.admin).not.toEqual(pki.leaves.admin);
    expect(duePki(renewed, SPEC, NOW)).toEqual([]);
  });
});
