import { describe, expect, it } from 'vitest';
import { CONFIG_MAP, SECRET, type Secret } from '../kube/builtin-kinds.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Part } from './object-of.ts';
import { keyOfPart, partWrites } from './part-writes.ts';

const secret = (data: Record<string, string>): Part => {
  const object: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'n', name: 's' }, data };
  return { kind: SECRET, object };
};
const map = (data: Record<string, string>): Part => ({
  kind: CONFIG_MAP,
  object: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'n', name: 'm' },
    data,
  } as KubeObject,
});
const OWNER = { owner: 'u' };

/** The objects as the API server has them once they were written. */
function written(...parts: readonly Part[]): Map<string, KubeObject> {
  const writes = partWrites(parts, new Map(), OWNER);
  return new Map(
    parts.map((part, index) => {
      const write = writes[index];
      if (write?.verb !== 'own') throw new Error('not written');
      const { object } = write;
      return [keyOfPart(part), { ...object, metadata: { ...object.metadata, uid: 'x', generation: 1 } }];
    }),
  );
}

describe('writes for parts', () => {
  it('are none where all is as it should be', () => {
    expect(
      partWrites([secret({ a: 'b' }), map({ c: 'd' })], written(secret({ a: 'b' }), map({ c: 'd' })), OWNER),
    ).toEqual([]);
  });

  it('create what is missing, keys never over what came meanwhile', () => {
    const writes = partWrites([secret({ a: 'b' }), map({ c: 'd' })], new Map(), OWNER);

    expect(writes).toMatchObject([{ verb: 'own', onlyNew: true }, { verb: 'own' }]);
    expect(writes[1]).not.toHaveProperty('onlyNew');
  });

  it.each<[string, Part, Part]>([
    ['changed', map({ c: 'other' }), map({ c: 'd' })],
    ['left with a field that is no longer wanted', map({ c: 'd', old: 'x' }), map({ c: 'd' })],
    ['a Secret with a key too many', secret({ a: 'b', more: 'x' }), secret({ a: 'b' })],
  ])('apply over what is %s, by its UID', (_name, before, wanted) => {
    expect(partWrites([wanted], written(before), OWNER)).toMatchObject([{ verb: 'own', uid: 'x' }]);
  });

  it('leave alone what the API server adds', () => {
    const present = new Map(
      [...written(map({ c: 'd' }))].map(([key, object]) => [
        key,
        { ...object, metadata: { ...object.metadata, labels: { by: 'somebody' } } },
      ]),
    );

    expect(partWrites([map({ c: 'd' })], present, OWNER)).toEqual([]);
  });
});
