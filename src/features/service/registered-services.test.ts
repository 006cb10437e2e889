import { describe, expect, it } from 'vitest';
import { SERVICE_UID_LABEL } from '../../api/names.ts';
import { RESOURCE_COMPOSITION } from '../../api/resource-composition.ts';
import { REVISION } from '../../api/revision.ts';
import { CRD } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Stores } from '../../runtime/controller.ts';
import { Store } from '../../runtime/store.ts';
import { registeredServices } from './registered-services.ts';

const UID = '11111111-1111-4111-8111-111111111111';

/** Stores of the three kinds, and how often each was listed. */
function filled(): { readonly stores: Stores; readonly of: (kind: Kind) => Store<KubeObject> } {
  const all = new Map<string, Store<KubeObject>>();
  const of = (kind: Kind): Store<KubeObject> => {
    const store = all.get(kind.plural) ?? new Store<KubeObject>();
    all.set(kind.plural, store);
    return store;
  };
  const metadata = { namespace: 'ns', uid: UID, name: 'shop' };
  of(RESOURCE_COMPOSITION).set({ apiVersion: 'v1', kind: 'ResourceComposition', metadata });
  of(REVISION).set(revision(1));
  of(CRD).set({
    apiVersion: 'v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'shops.example.com', labels: { [SERVICE_UID_LABEL]: UID } },
    status: { conditions: [{ type: 'Established', status: 'True' }] },
  } as KubeObject);
  // The stores of these kinds hold what is put above.
  const list = ((kind: Kind) => of(kind).list()) as Stores['list'];
  return { stores: { list } as Stores, of };
}

function revision(number: number): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Revision',
    metadata: { namespace: 'ns', name: `shop-${number}`, labels: { [SERVICE_UID_LABEL]: UID } },
    spec: {
      number,
      composition: { uid: UID, name: 'shop' },
      resource: { group: 'example.com', version: 'v1', kind: 'Shop', plural: 'shops' },
    },
  } as KubeObject;
}

describe('registeredServices', () => {
  it('answers from memory until one of the stores changes', () => {
    const { stores, of } = filled();
    const services = registeredServices();
    const first = services(stores);
    expect([...first].map(([uid, { revision: newest }]) => [uid, newest.metadata.name])).toEqual([
      [UID, 'shop-1'],
    ]);
    expect(services(stores)).toBe(first);
    of(REVISION).set(revision(2));

    expect(services(stores).get(UID)?.revision.metadata.name).toBe('shop-2');
  });

  it('leaves out what is not served', () => {
    const { stores, of } = filled();
    of(CRD).delete('/shops.example.com');

    expect(registeredServices()(stores).size).toBe(0);
  });
});
