import { describe, expect, it } from 'vitest';
import { diagnose, type ClusterFacts } from './diagnosis.ts';

const healthy: ClusterFacts = {
  serverVersion: 'v1.37.1',
  missingCrds: [],
  clusterRole: true,
  missingPolicies: [],
  webhooks: 'fine',
  accountsNamespace: true,
  operator: { ready: 2, wanted: 2 },
  defaultClass: { name: 'standard', reclaimPolicy: 'Delete' },
  metricsServed: true,
  notReady: [],
};

describe('diagnose', () => {
  it('finds nothing in a healthy cluster', () => {
    expect(diagnose(healthy).filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
  });

  const cases: readonly [string, Partial<ClusterFacts>, string, 'warning' | 'problem', RegExp][] = [
    ['an old Kubernetes', { serverVersion: 'v1.33.4' }, 'kubernetes', 'problem', /1\.34 to 1\.37/],
    ['a Kubernetes newer than tested', { serverVersion: 'v1.38.0' }, 'kubernetes', 'warning', /newer/],
    [
      'missing CRDs by name',
      { missingCrds: ['tenants.tenantry.dev'] },
      'kinds',
      'problem',
      /tenants\.tenantry\.dev/,
    ],
    [
      'missing policies by name',
      { missingPolicies: ['tenantry-operator-writes'] },
      'policies',
      'problem',
      /operator-writes/,
    ],
    ['what it may not read', { missingPolicies: undefined }, 'policies', 'warning', /may not read/],
    ['no operator', { operator: 'none' }, 'operator', 'problem', /not installed/],
    [
      'an operator that is scaled away',
      { operator: { ready: 0, wanted: 0 } },
      'operator',
      'problem',
      /scaled to 0/,
    ],
    [
      'an operator that does not start',
      { operator: { ready: 0, wanted: 2 } },
      'operator',
      'problem',
      /none of 2/,
    ],
    ['a replica that is not ready', { operator: { ready: 1, wanted: 2 } }, 'operator', 'warning', /1 of 2/],
    ['webhooks that are gone', { webhooks: 'missing' }, 'webhooks', 'problem', /missing/],
    ['webhooks without authority', { webhooks: 'no-authority' }, 'webhooks', 'problem', /authority/],
    ['no default class', { defaultClass: 'none' }, 'storage', 'warning', /no default/],
    [
      'a class that keeps volumes',
      { defaultClass: { name: 'x', reclaimPolicy: 'Retain' } },
      'storage',
      'warning',
      /Retain/,
    ],
    ['no metrics', { metricsServed: false }, 'metrics', 'warning', /not served/],
    [
      'an instance that is not ready',
      { notReady: [{ what: 'a', message: 'b' }] },
      'objects',
      'warning',
      /a: b/,
    ],
  ];
  it.each(cases)('names %s', (_name, facts, check, verdict, message) => {
    const found = diagnose({ ...healthy, ...facts }).filter((diagnosis) => diagnosis.verdict !== 'ok');

    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ check, verdict });
    expect(found[0]?.message).toMatch(message);
    expect(found[0]?.remedy).not.toBe('');
  });
});
