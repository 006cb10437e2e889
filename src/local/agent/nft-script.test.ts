import { describe, expect, it } from 'vitest';
import { replaceScript, updateScript } from './nft-script.ts';
import type { NftCollection, NftTable } from './nft-table.ts';

const set = (...keys: readonly string[]): NftCollection => ({
  form: 'set',
  type: 'ipv4_addr',
  elements: new Map(keys.map((key) => [key, ''])),
});
const verdicts = (entries: Readonly<Record<string, string>>): NftCollection => ({
  form: 'map',
  type: 'ipv4_addr : verdict',
  elements: new Map(Object.entries(entries)),
});
const table = (
  collections: Readonly<Record<string, NftCollection>>,
  chains: Readonly<Record<string, readonly string[]>> = {},
): NftTable => ({
  collections: new Map(Object.entries(collections)),
  chains: new Map(Object.entries(chains)),
});
const lines = (script: string): string[] => script.split('\n').filter((line) => line !== '');

describe('updateScript', () => {
  it('is empty when nothing changed', () => {
    const same = table({ a: set('10.0.0.1') }, { c: ['counter drop'] });

    expect(updateScript(same, table({ a: set('10.0.0.1') }, { c: ['counter drop'] }))).toBe('');
  });

  it('changes the elements of a set that stays', () => {
    const script = updateScript(
      table({ a: set('10.0.0.1', '10.0.0.2') }),
      table({ a: set('10.0.0.2', '10.0.0.3') }),
    );

    expect(lines(script)).toEqual([
      'delete element inet tenantry a { 10.0.0.1 }',
      'add element inet tenantry a { 10.0.0.3 }',
    ]);
  });

  it('moves an address to another chain: chain first, old value out, new value in, old chain gone', () => {
    const before = table({ m: verdicts({ '10.0.0.1': 'jump c1' }) }, { c1: ['counter drop'] });
    const after = table({ m: verdicts({ '10.0.0.1': 'jump c2' }) }, { c2: ['return', 'counter drop'] });

    expect(lines(updateScript(before, after))).toEqual([
      'table inet tenantry {',
      'chain c2 {',
      'return',
      'counter drop',
      '}',
      '}',
      'delete element inet tenantry m { 10.0.0.1 : jump c1 }',
      'add element inet tenantry m { 10.0.0.1 : jump c2 }',
      'flush chain inet tenantry c1',
      'delete chain inet tenantry c1',
    ]);
  });

  it('declares a set before the chain that names it and deletes it after', () => {
    const without = table({});
    const having = table({ a: set('10.0.0.1') }, { c: ['ip saddr @a return'] });

    expect(lines(updateScript(without, having))).toEqual([
      'table inet tenantry {',
      'set a { type ipv4_addr; elements = { 10.0.0.1 }; }',
      'chain c {',
      'ip saddr @a return',
      '}',
      '}',
    ]);
    expect(lines(updateScript(having, without))).toEqual([
      'flush chain inet tenantry c',
      'delete chain inet tenantry c',
      'delete set inet tenantry a',
    ]);
  });
});

describe('replaceScript', () => {
  it('removes and builds the table in one script, so that at no time it is missing', () => {
    const script = lines(replaceScript(table({ a: set() })));

    expect(script.slice(0, 4)).toEqual([
      'add table inet tenantry',
      'delete table inet tenantry',
      'table inet tenantry {',
      'set a { type ipv4_addr; }',
    ]);
    expect(script.at(-1)).toBe('}');
  });
});
