import { describe, expect, it } from 'vitest';
import type { KeptObject } from './kept-objects.ts';
import { restoreChanges } from './restore-changes.ts';

const kept = (key: string, text = 'x'): KeptObject => ({ key, value: Buffer.from(text), leased: false });
const present = (...objects: readonly KeptObject[]) => new Map(objects.map((one) => [one.key, one]));
const POD = '/registry/pods/default/a';
const LEADER = '/registry/leases/kube-system/kube-controller-manager';

describe('what a restore changes', () => {
  it('is nothing where everything is as it should be', () => {
    expect(restoreChanges(present(kept(POD)), [kept(POD)])).toEqual({ put: [], delete: [] });
  });

  it('is what is new, what is another, and what is gone', () => {
    const changes = restoreChanges(present(kept('/registry/a', 'old'), kept('/registry/b')), [
      kept('/registry/a', 'new'),
      kept('/registry/c'),
    ]);

    expect(changes.put.map(({ key }) => key)).toEqual(['/registry/a', '/registry/c']);
    expect(changes.delete).toEqual(['/registry/b']);
  });

  it('leaves who leads the plane’s own programs alone, there or not', () => {
    expect(restoreChanges(present(kept(LEADER, 'now')), [])).toEqual({ put: [], delete: [] });
    expect(restoreChanges(present(kept(LEADER, 'now')), [kept(LEADER, 'then')]).put).toEqual([]);
  });

  it('brings namespaces and kinds before what needs them', () => {
    const namespace = '/registry/namespaces/work';
    const kind = '/registry/apiextensions.k8s.io/customresourcedefinitions/things.example.com';
    const thing = '/registry/example.com/things/work/t';

    const { put } = restoreChanges(present(), [kept(thing), kept(kind), kept(POD), kept(namespace)]);

    expect(put.map(({ key }) => key)).toEqual([namespace, kind, thing, POD]);
  });
});
