import { describe, expect, it } from 'vitest';
import type { ServedResource } from './discovery-documents.ts';
import { findKinds } from './find-kinds.ts';

const served = (
  group: string,
  kind: string,
  plural: string,
  more: Partial<ServedResource> = {},
): ServedResource => ({
  group,
  version: 'v1',
  kind,
  plural,
  namespaced: true,
  verbs: [],
  shortNames: [],
  categories: [],
  subresources: [],
  ...more,
});

const RESOURCES = [
  served('metrics.k8s.io', 'PodMetrics', 'pods'),
  served('', 'Pod', 'pods', { shortNames: ['po'] }),
  served('platformapi.kubeplus', 'WordpressService', 'wordpressservices', { version: 'v2' }),
  served('platformapi.kubeplus', 'WordpressService', 'wordpressservices', { version: 'v1' }),
  served('acme.platformapi.kubeplus', 'WordpressService', 'wordpressservices'),
];

describe('findKinds', () => {
  it.each([
    ['Pod', ['/Pod']],
    ['pod', ['/Pod']],
    ['pods', ['metrics.k8s.io/PodMetrics', '/Pod']],
    ['po', ['/Pod']],
    [
      'WordPressService',
      ['platformapi.kubeplus/WordpressService', 'acme.platformapi.kubeplus/WordpressService'],
    ],
    ['wordpressservices.acme.platformapi.kubeplus', ['acme.platformapi.kubeplus/WordpressService']],
    ['resourcecomp', []],
    ['', []],
  ])('takes %s as kubectl does', (word, expected) => {
    expect(findKinds(RESOURCES, word).map(({ group, kind }) => `${group}/${kind}`)).toEqual(expected);
  });

  it('knows one version of each: the preferred one', () => {
    expect(findKinds(RESOURCES, 'WordpressService')[0]?.version).toBe('v2');
  });
});
