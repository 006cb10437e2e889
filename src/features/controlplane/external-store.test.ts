import { describe, expect, it } from 'vitest';
import type { Secret } from '../../kube/builtin-kinds.ts';
import { externalStore } from './external-store.ts';

const GOOD = { host: 'pg.example.com', user: 'maker', password: 'p\n', 'ca.crt': 'CA' };
const secret = (texts: Record<string, string>, labels?: Record<string, string>): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's', labels: labels ?? { 'tenantry.dev/backend': 'true' } },
  data: Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  ),
});

describe('the Secret of an external PostgreSQL', () => {
  it('says how the server is reached, by its usual port if it names none', () => {
    expect(externalStore(secret(GOOD), 'op/s')).toEqual({
      server: { host: 'pg.example.com', port: 5432, user: 'maker', password: 'p', ca: 'CA' },
    });
    expect(externalStore(secret({ ...GOOD, port: '6432' }), 'op/s')).toMatchObject({
      server: { port: 6432 },
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
  ])('%s is told by name and cause', (_what, given, text) => {
    const found = externalStore(given, 'op/s');

    expect('problem' in found ? found.problem : '').toMatch(text);
    expect('problem' in found ? found.problem : '').toContain('spec.backendSecretRef: Secret op/s');
  });
});
