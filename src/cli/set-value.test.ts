import { describe, expect, it } from 'vitest';
import { imageValues } from './install.ts';
import { setValue } from './set-value.ts';

describe('setValue', () => {
  it('sets a value at the top, below and beside others', () => {
    const values = setValue(setValue({ image: { tag: 'a' } }, 'image.repository=b'), 'replicas=2');

    expect(values).toEqual({ image: { tag: 'a', repository: 'b' }, replicas: 2 });
  });

  it('reads quoted values as text and leaves the given values alone', () => {
    const before = { a: { b: 'c' } };

    expect(setValue(before, 'a.b="2"')).toEqual({ a: { b: '2' } });
    expect(before).toEqual({ a: { b: 'c' } });
  });

  it.each(['replicas', '=2', 'a..b=1'])('refuses %s', (assignment) => {
    expect(() => setValue({}, assignment)).toThrow(/not path=value/);
  });
});

describe('imageValues', () => {
  it('splits at the tag, not at the registry’s port', () => {
    expect(imageValues({ pullPolicy: 'Never' }, 'registry:5000/tenantry:1')).toEqual({
      pullPolicy: 'Never',
      repository: 'registry:5000/tenantry',
      tag: '1',
    });
  });

  it('refuses a reference without a tag', () => {
    expect(() => imageValues(undefined, 'registry:5000/tenantry')).toThrow(/no image with its tag/);
  });
});
