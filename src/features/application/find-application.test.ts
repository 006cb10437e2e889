import { describe, expect, it } from 'vitest';
import type { Instance } from '../../api/instance.ts';
import type { ListOptions, Reader } from '../../client/client.ts';
import type { ServedResource } from '../../client/discovery-documents.ts';
import { KubeError } from '../../kube/kube-error.ts';
import type { Kind, ObjectRef } from '../../kube/kind.ts';
import { findApplication, releaseOf, serviceKinds } from './find-application.ts';

const served = (group: string, kind: string, more: Partial<ServedResource> = {}): ServedResource => ({
  group,
  version: 'v1alpha1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  namespaced: true,
  verbs: ['get', 'list'],
  shortNames: [],
  categories: ['tenantry'],
  subresources: [],
  ...more,
});
const SHOP = served('platformapi.kubeplus', 'Shop');
const THEIRS = served('acme.platformapi.kubeplus', 'Shop');
const RESOURCES = [
  served('', 'Pod', { categories: ['all'] }),
  served('workflows.kubeplus', 'ResourceComposition'),
  served('tenantry.dev', 'Revision'),
  // As an operator of KubePlus makes it: without our category.
  served('platformapi.kubeplus', 'Old', { categories: [] }),
  SHOP,
  THEIRS,
];

const instance = (namespace: string, name: string, helmrelease?: string): Instance => ({
  apiVersion: 'platformapi.kubeplus/v1alpha1',
  kind: 'Shop',
  metadata: { namespace, name },
  ...(helmrelease === undefined ? {} : { status: { helmrelease } }),
});

/** A server with these instances; `everywhere` false: lists of the whole cluster are refused. */
function readerOf(instances: ReadonlyMap<Kind, readonly Instance[]>, everywhere = true): Reader {
  const of = (kind: Kind): readonly Instance[] => instances.get(kind) ?? [];
  const list = async (kind: Kind, { fieldSelector }: ListOptions = {}) => {
    if (!everywhere) throw new KubeError('Forbidden', 'list shops: no');
    const items = of(kind).filter(({ metadata }) => `metadata.name=${metadata.name}` === fieldSelector);
    return { items, resourceVersion: '1' };
  };
  const find = async (kind: Kind, ref: ObjectRef) =>
    of(kind).find(({ metadata }) => metadata.name === ref.name && metadata.namespace === ref.namespace);
  // The double answers what the code under test asks.
  return { list, find } as unknown as Reader;
}

const ask = (
  instances: ReadonlyMap<Kind, readonly Instance[]>,
  question: Partial<Parameters<typeof findApplication>[2]> = {},
  everywhere = true,
) =>
  findApplication(readerOf(instances, everywhere), RESOURCES, {
    kind: 'Shop',
    name: 's1',
    namespace: undefined,
    contextNamespace: 'default',
    ...question,
  });
const place = async (asked: ReturnType<typeof ask>): Promise<string | undefined> =>
  (await asked).instance.metadata.namespace;

describe('serviceKinds', () => {
  it('are those of the services’ group and those of our category, not the kinds that make them', () => {
    expect(serviceKinds(RESOURCES).map(({ group, kind }) => `${group}/${kind}`)).toEqual([
      'platformapi.kubeplus/Old',
      'platformapi.kubeplus/Shop',
      'acme.platformapi.kubeplus/Shop',
    ]);
  });
});

describe('findApplication', () => {
  it('finds it wherever it is, the context’s namespace first', async () => {
    const one = new Map([[SHOP, [instance('team', 's1')]]]);
    const both = new Map([[SHOP, [instance('team', 's1'), instance('default', 's1')]]]);

    expect(await place(ask(one))).toBe('team');
    expect(await place(ask(both))).toBe('default');
    expect(await place(ask(both, { namespace: 'team' }))).toBe('team');
  });

  it('looks in the context’s namespace only where more is not allowed', async () => {
    const both = new Map([[SHOP, [instance('team', 's1'), instance('default', 's1')]]]);

    expect(await place(ask(both, {}, false))).toBe('default');
    await expect(ask(both, { contextNamespace: 'none' }, false)).rejects.toThrow('Shop s1 not found.');
  });

  it('finds the one of another provider, and asks where there are several', async () => {
    const theirs = new Map([[THEIRS, [instance('acme', 's1')]]]);
    const several = new Map([...theirs, [SHOP, [instance('team', 's1')]] as const]);

    expect((await ask(theirs)).kind.group).toBe('acme.platformapi.kubeplus');
    await expect(ask(several)).rejects.toThrow(
      'there are several Shop s1: in team (platformapi.kubeplus), acme (acme.platformapi.kubeplus)',
    );
    expect(await place(ask(several, { kind: 'shops.acme.platformapi.kubeplus' }))).toBe('acme');
  });

  it('takes no part of a name for a name', async () => {
    const longer = new Map([[SHOP, [instance('team', 's10')]]]);

    await expect(ask(longer)).rejects.toThrow('Shop s1 not found.');
    await expect(ask(longer, { kind: 'Sho' })).rejects.toMatchObject({
      message: 'Unknown Kind Sho in the platformapi.kubeplus api group.',
      remedy: 'Services here: Old, Shop.',
    });
    await expect(ask(longer, { kind: 'Pod' })).rejects.toThrow('Unknown Kind Pod');
  });
});

describe('releaseOf', () => {
  it.each([
    ['hs1:shop-s1\nEnjoy: http://x:80', { namespace: 'hs1', name: 'shop-s1' }],
    ['hs1:shop-s1\nError: a: b', { namespace: 'hs1', name: 'shop-s1' }],
    ['', undefined],
    ['Error\nx:y', undefined],
  ])('reads %j', (helmrelease, release) => {
    expect(releaseOf(instance('a', 'b', helmrelease))).toEqual(release);
  });
});
