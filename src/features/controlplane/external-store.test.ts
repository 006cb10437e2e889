import { describe, expect, it } from 'vitest';
import type { Secret } from '../../kube/builtin-kinds.ts';
import { externalStore } from './external-store.ts';

const GOOD = { host: 'pg.example.com', user: 'maker', password: 'p\n', 'ca.crt': 'CA' };
const ETCD = {
  type: 'etcd',
  endpoints: 'https://e1.example.com:2379, https://10.0.0.2:4001',
  'ca.crt': '-----CA-----\n',
  'client.crt': '-----CERT-----\n',
  'client.key': '-----KEY-----\n',
};
const secret = (texts: Record<string, string>, labels?: Record<string, string>): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's', labels: labels ?? { 'tenantry.dev/backend': 'true' } },
  data: Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  ),
});

describe('the Secret of an external store', () => {
  it('says how the server is reached, by its usual port if it names none', () => {
    expect(externalStore(secret(GOOD), 'op/s')).toEqual({
      server: {
        kind: 'postgres',
        host: 'pg.example.com',
        port: 5432,
        user: 'maker',
        password: 'p',
        ca: 'CA',
      },
    });
    expect(externalStore(secret({ ...GOOD, port: '6432' }), 'op/s')).toMatchObject({
      server: { port: 6432 },
    });
  });

  it('says the same of an etcd', () => {
    expect(externalStore(secret(ETCD), 'op/s')).toEqual({
      server: {
        kind: 'etcd',
        endpoints: [
          { host: 'e1.example.com', port: 2379 },
          { host: '10.0.0.2', port: 4001 },
        ],
        prefix: '/tenantry/planes',
        ca: '-----CA-----\n',
        cert: '-----CERT-----\n',
        key: '-----KEY-----\n',
      },
    });
    expect(externalStore(secret({ ...ETCD, prefix: '/teams/a' }), 'op/s')).toMatchObject({
      server: { prefix: '/teams/a' },
    });
  });

  it.each<[string, Secret | undefined, string]>([
    ['that is not there', undefined, 'is not there'],
    ['that is not for planes', secret(GOOD, {}), 'not labelled tenantry.dev/backend=true'],
    ['without a password', secret({ ...GOOD, password: '' }), 'lacks password'],
    [
      'with a host that is more than one',
      secret({ ...GOOD, host: 'a/b?sslmode=disable' }),
      'no name of a host',
    ],
    ['with a port that is none', secret({ ...GOOD, port: '0' }), 'no port'],
    ['of a type that nobody knows', secret({ ...GOOD, type: 'toString' }), 'it takes postgres or etcd'],
    ['of an etcd without a key', secret({ ...ETCD, 'client.key': '' }), 'lacks client.key'],
    ['of an etcd without TLS', secret({ ...ETCD, endpoints: 'http://e:2379' }), '"http://e:2379" is none'],
    [
      'with an endpoint that is more than one',
      secret({ ...ETCD, endpoints: 'https://a:2379/?x' }),
      'is none; name each as',
    ],
    ['with a prefix that is a path', secret({ ...ETCD, prefix: '/a/../b' }), 'prefix: parts of letters'],
    ['with the prefix of a Kubernetes', secret({ ...ETCD, prefix: '/registry/a' }), '/registry is where'],
  ])('%s is told by name and cause', (_what, given, text) => {
    const found = externalStore(given, 'op/s');

    expect('problem' in found ? found.problem : '').toMatch(text);
    expect('problem' in found ? found.problem : '').toContain('spec.backendSecretRef: Secret op/s');
  });
});
