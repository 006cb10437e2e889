import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../kube/object.ts';
import { keyOfObject } from './object-key.ts';
import { Store } from './store.ts';

interface Thing extends KubeObject {
  readonly colours: readonly string[];
}

function thing(namespace: string | undefined, name: string, ...colours: string[]): Thing {
  const metadata = namespace === undefined ? { name } : { namespace, name };
  return { apiVersion: 'v1', kind: 'Thing', metadata, colours };
}

describe('Store', () => {
  it('finds objects by reference, namespace and index', () => {
    const store = new Store<Thing>();
    store.addIndex('colour', (object) => object.colours);
    store.set(thing('n1', 'b', 'red', 'blue'));
    store.set(thing('n1', 'a', 'red'));
    store.set(thing('n2', 'a'));

    expect(store.get({ namespace: 'n2', name: 'a' })?.metadata.namespace).toBe('n2');
    expect(store.list('n1').map((object) => object.metadata.name)).toEqual(['a', 'b']);
    expect(store.byIndex('colour', 'red')?.map((object) => object.metadata.name)).toEqual(['a', 'b']);
    expect(store.byIndex('colour', 'green')).toEqual([]);
    expect(store.byIndex('size', 'green')).toBeUndefined();
  });

  it('moves an object between index keys when it changes', () => {
    const store = new Store<Thing>();
    store.addIndex('colour', (object) => object.colours);
    store.set(thing('n', 'a', 'red'));
    store.set(thing('n', 'a', 'blue'));

    expect(store.byIndex('colour', 'red')).toEqual([]);
    expect(store.byIndex('colour', 'blue')).toHaveLength(1);
  });

  it('gives a list that later changes do not touch', () => {
    const store = new Store<Thing>();
    store.set(thing(undefined, 'a'));
    const before = store.list();
    store.set(thing(undefined, 'b'));

    expect(before).toHaveLength(1);
    expect(store.list()).toHaveLength(2);
  });
});

const things = fc.record({
  namespace: fc.constantFrom('n1', 'n2', undefined),
  name: fc.constantFrom('a', 'b', 'c'),
  colours: fc.subarray(['red', 'blue', 'green']),
});
const steps = fc.array(
  fc.oneof(
    things.map((t) => ({ set: thing(t.namespace, t.name, ...t.colours) })),
    things.map((t) => ({ remove: thing(t.namespace, t.name) })),
    fc.constantFrom({ read: true }, { index: true }),
  ),
  { maxLength: 60 },
);

describe('Store against its model', () => {
  it('holds what a plain map holds, in the order of the keys, whenever the index was added', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const store = new Store<Thing>();
        const model = new Map<string, Thing>();
        for (const step of sequence) {
          if ('set' in step) {
            expect(store.set(step.set)).toBe(model.get(keyOfObject(step.set)));
            model.set(keyOfObject(step.set), step.set);
          } else if ('remove' in step) {
            expect(store.delete(keyOfObject(step.remove))).toBe(model.get(keyOfObject(step.remove)));
            model.delete(keyOfObject(step.remove));
          } else if ('index' in step) store.addIndex('colour', (object) => object.colours);
          const sorted = [...model.keys()].sort().map((key) => model.get(key));
          expect(store.list()).toEqual(sorted);
          expect(store.list('n1')).toEqual(sorted.filter((object) => object?.metadata.namespace === 'n1'));
          if (store.hasIndex('colour')) {
            expect(store.byIndex('colour', 'red')).toEqual(
              sorted.filter((object) => object?.colours.includes('red')),
            );
          }
        }
      }),
    );
  });
});
