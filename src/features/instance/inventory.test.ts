import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONFIG_MAP, DEPLOYMENT, SECRET } from '../../kube/builtin-kinds.ts';
import {
  decodeInventory,
  encodeInventory,
  pruneList,
  unionOf,
  type Inventory,
  type InventoryEntry,
} from './inventory.ts';

const plain = ({
  group,
  version,
  kind,
  plural,
  namespaced,
}: InventoryEntry['kind']): InventoryEntry['kind'] => ({
  group,
  version,
  kind,
  plural,
  namespaced,
});

const entries = fc.array(
  fc.record(
    {
      kind: fc.constantFrom(plain(CONFIG_MAP), plain(DEPLOYMENT)),
      name: fc.stringMatching(/^[a-z0-9]{1,8}$/),
      uid: fc.uuid(),
      mark: fc.stringMatching(/^[0-9a-f]{12}$/),
    },
    { requiredKeys: ['kind', 'name'] },
  ),
  { maxLength: 60 },
);

function inventory(objects: readonly InventoryEntry[]): Inventory {
  return {
    release: {
      number: 2,
      inputs: 'abc',
      revision: 'r1',
      version: '1.0.0',
      phase: 'objects',
      running: { number: 1, revision: 'r0', version: '0.9.0', notes: 'n' },
    },
    objects,
    policies: [],
    exposed: [
      { name: 'web', selector: { app: 'web' }, ports: [{ port: 80, protocol: 'TCP' }], outside: true },
    ],
    usesApi: false,
  };
}

describe('encodeInventory', () => {
  it('is read back as it was, short or compressed', () => {
    fc.assert(
      fc.property(entries, (objects) => {
        expect(decodeInventory(encodeInventory(inventory(objects)))).toEqual(inventory(objects));
      }),
    );
  });

  it('stays small enough for an annotation with hundreds of objects', () => {
    const objects = Array.from({ length: 600 }, (_, i) => ({
      kind: plain(DEPLOYMENT),
      name: `some-rather-long-name-of-an-object-${i}`,
      uid: `0d3f9f1c-5a1b-4c7e-8f4e-${String(i * 7919).padStart(12, '0')}`,
      mark: '0123456789ab',
    }));

    expect(encodeInventory(inventory(objects)).length).toBeLessThan(60_000);
  });
});

describe('decodeInventory', () => {
  it.each([undefined, '', '{', '{}', 'x', '{"v":2,"objects":[]}', '[]', 'null'])(
    'believes nothing of %j',
    (text) => {
      expect(decodeInventory(text)).toBeUndefined();
    },
  );
});

describe('unionOf', () => {
  it('keeps what is known of old entries and adds the new ones', () => {
    const old = [{ kind: DEPLOYMENT, name: 'a', uid: 'u1' }];

    const union = unionOf(old, [
      { kind: DEPLOYMENT, name: 'a' },
      { kind: CONFIG_MAP, name: 'a' },
    ]);

    expect(union).toEqual([
      { kind: DEPLOYMENT, name: 'a', uid: 'u1' },
      { kind: CONFIG_MAP, name: 'a' },
    ]);
  });
});

describe('pruneList', () => {
  it('names what is wanted no more', () => {
    const old = [
      { kind: DEPLOYMENT, name: 'a', uid: 'u1' },
      { kind: SECRET, name: 'b' },
    ];

    expect(pruneList(old, [{ kind: DEPLOYMENT, name: 'a' }])).toEqual([{ kind: SECRET, name: 'b' }]);
  });
});
