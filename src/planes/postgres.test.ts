import { describe, expect, it } from 'vitest';
import type { NetworkPolicy, Secret, StatefulSet } from '../kube/builtin-kinds.ts';
import { ensurePostgresKeys } from './postgres-keys.ts';
import { postgresParts, readPostgresKeys, type PostgresSpec } from './postgres.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const SPEC: PostgresSpec = {
  name: 'shared.store',
  namespace: 'store',
  ownerUid: 'u',
  images: { postgres: 'postgres:1', pullPolicy: 'Always' },
  operatorNamespace: 'op',
  size: '1Gi',
};
const keysAt = (now: number, present?: Awaited<ReturnType<typeof ensurePostgresKeys>>) =>
  ensurePostgresKeys(present, { namespace: 'store', now, newPassword: () => 'random' });

describe('the PostgreSQL of planes', () => {
  it('keeps its keys, and renews its certificate while a third of its life is left', async () => {
    const keys = await keysAt(NOW);

    expect(await keysAt(NOW + 200 * DAY, keys)).toBe(keys);
    const renewed = await keysAt(NOW + 250 * DAY, keys);
    expect(renewed.server).not.toEqual(keys.server);
    expect({ ...renewed, server: keys.server }).toEqual(keys);
  });

  it('finds its keys in its Secret', async () => {
    const keys = await keysAt(NOW);
    const secret: Secret | undefined = postgresParts(SPEC, keys)[0]?.object;
    const files = Object.fromEntries(
      Object.entries(secret?.data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]),
    );

    expect(readPostgresKeys(files)).toEqual(keys);
    expect(readPostgresKeys({ ...files, password: '' })).toBeUndefined();
    // A role reaches the database of its own name alone, and nobody comes without TLS.
    expect(files['pg_hba.conf']?.split('\n').filter((line) => line.startsWith('host'))).toEqual([
      'hostssl all postgres all scram-sha-256',
      'hostssl sameuser all all scram-sha-256',
    ]);
  });

  it('has its password in no argument and no variable', async () => {
    const parts = postgresParts(SPEC, await keysAt(NOW));
    const set: StatefulSet | undefined = parts.find(({ kind }) => kind.kind === 'StatefulSet')?.object;

    expect(JSON.stringify(set)).not.toContain('random');
    expect(set?.spec?.template.spec?.securityContext).toMatchObject({ runAsUser: 999, runAsNonRoot: true });
  });

  it('lets in API servers of planes and the operator, and nothing out', async () => {
    const parts = postgresParts(SPEC, await keysAt(NOW));
    const policy: NetworkPolicy | undefined = parts.find(({ kind }) => kind.kind === 'NetworkPolicy')?.object;

    expect(policy?.spec?.policyTypes).toEqual(['Ingress', 'Egress']);
    expect(policy?.spec?.egress).toBeUndefined();
    expect(policy?.spec?.ingress).toEqual([
      {
        from: [
          {
            namespaceSelector: {
              matchExpressions: [
                { key: 'tenantry.dev/instance-uid', operator: 'Exists' },
                { key: 'tenantry.dev/plane', operator: 'Exists' },
              ],
            },
            podSelector: { matchLabels: { app: 'kube-apiserver' } },
          },
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'op' } },
            podSelector: {
              matchLabels: {
                'app.kubernetes.io/name': 'tenantry',
                'app.kubernetes.io/component': 'operator',
              },
            },
          },
        ],
        ports: [{ port: 5432, protocol: 'TCP' }],
      },
    ]);
  });
});
