import { describe, expect, it } from 'vitest';
import type { CompositionSpec } from '../../api/resource-composition.ts';
import type { RevisionSpec } from '../../api/revision.ts';
import { policiesOf } from '../../features/service/service-spec.ts';
import { changesOf, earlierSpec, type Earlier } from './earlier-spec.ts';

const resource = { kind: 'Shop', group: 'g', version: 'v1', plural: 'shops' };
const base: CompositionSpec = {
  newResource: { resource, chartURL: 'oci://r.example/shop:2', chart: { cosignKey: 'k' }, examples: [] },
  deletionProtection: true,
};
const quota = { 'requests.cpu': '1', 'requests.memory': '1Gi', 'limits.cpu': '2', 'limits.memory': '2Gi' };
const revisionOf = (spec: CompositionSpec, more: Partial<RevisionSpec> = {}): RevisionSpec => ({
  composition: { name: 'shop', uid: 'u' },
  number: 1,
  resource,
  chart: { name: 'shop', version: '1.0.0', appVersion: '1', digest: 'd1', size: 1, chunks: ['c'] },
  providerValues: {},
  valuesSchema: null,
  policies: policiesOf(spec),
  kinds: [],
  rules: [],
  ...more,
});
const back = (
  now: CompositionSpec,
  earlier: Omit<Earlier, 'schema' | 'chartURL'> & Partial<Earlier>,
): CompositionSpec => earlierSpec(now, policiesOf(now), { chartURL: undefined, schema: 'kept', ...earlier });

describe('the spec of an earlier revision', () => {
  it('is the same where nothing differs', () => {
    expect(back(base, { target: revisionOf(base) })).toEqual(base);
  });

  it('names the kept bytes by their digest, and nothing of the place that they came from', () => {
    const { newResource, deletionProtection } = back(base, {
      target: revisionOf(base),
      chartURL: 'file:///shop-1.0.0.tgz',
    });

    expect(newResource).toEqual({
      resource,
      chartURL: 'file:///shop-1.0.0.tgz',
      chartName: 'shop',
      chart: { digest: 'd1' },
      examples: [],
    });
    expect(deletionProtection).toBe(true);
  });

  it('has the provider’s values and the schema of then, and no others', () => {
    const now = {
      ...base,
      newResource: { ...base.newResource, providerValues: { a: { b: 1 } }, schema: { type: 'object' } },
    };
    const target = revisionOf(base, { providerValues: { a: { c: 2 } } });

    expect(back(now, { target, schema: undefined }).newResource).toEqual({
      ...base.newResource,
      providerValues: { a: { c: 2 } },
    });
    expect(back(now, { target: revisionOf(base), schema: 'kept' }).newResource).not.toHaveProperty(
      'providerValues',
    );
  });

  const texts: readonly (readonly [string, CompositionSpec])[] = [
    ['none', base],
    [
      'a quota',
      {
        ...base,
        respolicy: { metadata: { name: 'p' }, spec: { resource: { kind: 'Shop' }, policy: { quota } } },
      },
    ],
    [
      'counts and resources',
      {
        ...base,
        respolicy: {
          spec: {
            policy: {
              quota: { pods: '3' },
              podconfig: { limits: { cpu: '1' }, nodeSelector: 'values.nodeName' },
            },
          },
        },
      },
    ],
    ['strict isolation', { ...base, policies: { isolation: 'strict', podSecurity: 'baseline' } }],
    [
      'a pool of their own',
      {
        ...base,
        policies: {
          egress: 'closed',
          fillResources: false,
          nodes: 'exclusive',
          nodePool: { nodeSelector: { a: 'b' } },
          runtimeClass: 'gvisor',
        },
      },
    ],
    [
      'more rights',
      {
        ...base,
        policies: { podSecurity: 'privileged', egress: 'all', allowedClusterKinds: ['b/B', 'a/A'] },
      },
    ],
  ];
  const pairs = texts.flatMap(([from, now]) => texts.map(([to, then]) => [from, to, now, then] as const));

  it.each(pairs)('brings back policies: from %s to %s', (_from, _to, now, then) => {
    const spec = back(now, { target: revisionOf(then) });

    expect(policiesOf(spec)).toEqual(policiesOf(then));
    expect(spec.respolicy?.metadata).toEqual(now.respolicy?.metadata);
  });
});

it('tells what makes a revision another one', () => {
  const first = { apiVersion: 'v', kind: 'Revision', metadata: { name: 'a' }, spec: revisionOf(base) };
  const closed = revisionOf({ ...base, policies: { egress: 'closed' } });
  const chart = { ...first.spec.chart, digest: 'd2' };

  expect(changesOf(undefined, first)).toBe('registered');
  expect(changesOf(first, { spec: { ...closed, chart, providerValues: { a: 1 }, valuesSchema: {} } })).toBe(
    'chart, provider values, schema, egress',
  );
  expect(
    changesOf(first, {
      spec: { ...first.spec, kinds: [{ apiVersion: 'v1', kind: 'Pod', namespaced: true }] },
    }),
  ).toBe('what it may write');
});
