import { describe, expect, it } from 'vitest';
import { companionFor, layOver, type Companion } from './companion.ts';

const RESOURCE = { group: 'platformapi.kubeplus', version: 'v1alpha1', kind: 'Site', plural: 'sites' };

const companion = (name: string, resource: object, more: object = {}): Companion => ({
  apiVersion: 'workflows.kubeplus/v1alpha1',
  kind: 'ResourcePolicy',
  metadata: { name, namespace: 'ns', creationTimestamp: '2026-01-01T00:00:00Z', ...more },
  spec: { resource },
});

describe('companionFor', () => {
  it.each([
    ['names the kind alone', { kind: 'Site' }, true],
    ['names all of it', { kind: 'Site', group: 'platformapi.kubeplus', version: 'v1alpha1' }, true],
    ['leaves group and version empty', { kind: 'Site', group: '', version: '' }, true],
    ['names another kind', { kind: 'Shop' }, false],
    ['names another group', { kind: 'Site', group: 'example.com' }, false],
    ['names another version', { kind: 'Site', version: 'v2' }, false],
    ['names nothing', {}, false],
  ])('takes one by what it names: %s', (_, resource, counts) => {
    expect(companionFor(RESOURCE, [companion('p', resource)]) !== undefined).toBe(counts);
  });

  it('takes the oldest, and by name those of the same second', () => {
    const of = { kind: 'Site' };
    const young = companion('a', of, { creationTimestamp: '2026-01-01T00:00:02Z' });

    expect(companionFor(RESOURCE, [young, companion('c', of), companion('b', of)])?.metadata.name).toBe('b');
  });

  it('takes neither records of the operator nor what is being deleted', () => {
    const of = { kind: 'Site' };
    const record = companion('a', of, { labels: { 'tenantry.dev/service-uid': 'u1' } });
    const going = companion('b', of, { deletionTimestamp: '2026-01-01T00:00:00Z' });

    expect(companionFor(RESOURCE, [record, going])).toBeUndefined();
  });
});

describe('layOver', () => {
  it('goes field by field, and what is empty says nothing', () => {
    const under = { quota: { cpu: '1', memory: '1Gi' }, names: ['a'] };
    const over = { quota: { cpu: '2', memory: '' }, names: ['b'], more: { x: '1' } };

    expect(layOver<Record<string, unknown>>(under, over)).toEqual({
      quota: { cpu: '2', memory: '1Gi' },
      names: ['b'],
      more: { x: '1' },
    });
    expect(under).toEqual({ quota: { cpu: '1', memory: '1Gi' }, names: ['a'] });
  });
});
