import { describe, expect, it } from 'vitest';
import type { Instance } from '../../api/instance.ts';
import type { RevisionSpec } from '../../api/revision.ts';
import { inputsDigest, nodeNameOf, specValues, valuesOf } from './values.ts';

const INSTANCE: Instance = {
  apiVersion: 'platformapi.kubeplus/v1alpha1',
  kind: 'Thing',
  metadata: { name: 'a', namespace: 'n' },
  spec: { title: 'A', nodeName: 'node-1' },
};

const REVISION: RevisionSpec = {
  composition: { name: 'c', uid: 'u' },
  number: 1,
  resource: { group: 'g', version: 'v', kind: 'Thing', plural: 'things' },
  chart: { name: 'c', version: '1', appVersion: '', digest: 'd', size: 1, chunks: [] },
  providerValues: { a: 1 },
  valuesSchema: null,
  policies: { podSecurity: 'baseline', fillResources: true, egress: 'default', allowedClusterKinds: [] },
  kinds: [],
  rules: [],
};

describe('valuesOf', () => {
  it('puts the registry under the provider, the provider under the instance, the Secrets over all', () => {
    const values = valuesOf(
      {
        operator: { global: { imageRegistry: 'local' } },
        provider: { global: { x: 1 }, a: 'p', b: 'p' },
        spec: { b: 'i', c: 'i' },
      },
      [{ c: 's' }],
    );

    expect(values).toEqual({ global: { imageRegistry: 'local', x: 1 }, a: 'p', b: 'i', c: 's' });
  });
});

describe('specValues', () => {
  it('takes out nodeName unless the chart has such a value', () => {
    expect(specValues(INSTANCE, {})).toEqual({ title: 'A' });
    expect(specValues(INSTANCE, { nodeName: '' })).toEqual({ title: 'A', nodeName: 'node-1' });
    expect(nodeNameOf(INSTANCE)).toBe('node-1');
  });
});

describe('inputsDigest', () => {
  const digest = (
    instance = INSTANCE,
    revision = REVISION,
    sources: Parameters<typeof inputsDigest>[2] = [],
  ): string => inputsDigest(instance, revision, sources, undefined);

  it('does not depend on the order of keys or on metadata and status', () => {
    const same: Instance = {
      ...INSTANCE,
      metadata: { ...INSTANCE.metadata, labels: { a: 'b' }, generation: 7 },
      spec: { nodeName: 'node-1', title: 'A' },
      status: { helmrelease: 'x' },
    };

    expect(digest(same)).toBe(digest());
  });

  it.each([
    ['spec', digest({ ...INSTANCE, spec: { title: 'B' } })],
    ['chart', digest(INSTANCE, { ...REVISION, chart: { ...REVISION.chart, digest: 'e' } })],
    ['provider values', digest(INSTANCE, { ...REVISION, providerValues: { a: 2 } })],
    ['a Secret', digest(INSTANCE, REVISION, [{ name: 's', uid: 'u', resourceVersion: '1' }])],
  ])('changes with the %s', (_name, changed) => {
    expect(changed).not.toBe(digest());
  });
});
