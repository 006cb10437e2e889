import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
} from './quantity.ts';

const quantity = (text: string | number): Quantity => {
  const parsed = parseQuantity(text);
  if (parsed === undefined) throw new Error(`${text} is no quantity`);
  return parsed;
};

describe('parseQuantity', () => {
  it.each<[string | number, string]>([
    ['100m', '100m'],
    ['0.1', '100m'],
    ['1000m', '1'],
    [0.5, '500m'],
    ['.5', '500m'],
    ['1.', '1'],
    ['+2', '2'],
    ['-1500m', '-1500m'],
    ['1024', '1024'],
    ['1024Ki', '1Mi'],
    ['0.5Gi', '512Mi'],
    ['1.5Gi', '1536Mi'],
    ['1536Mi', '1536Mi'],
    ['1000Ki', '1000Ki'],
    ['0.5Ki', '512'],
    ['0.1Mi', '104858'],
    ['1E', '1E'],
    ['1e3', '1e3'],
    ['1E3', '1e3'],
    ['1500e-3', '1500e-3'],
    ['12e6', '12e6'],
    ['1000000k', '1G'],
    ['100n', '100n'],
    ['1u', '1u'],
    ['0.1n', '1n'],
    ['0', '0'],
    ['0Gi', '0'],
    ['99999999999999999999', '9223372036854775807'],
  ])('%s is printed as %s', (text, canonical) => {
    expect(formatQuantity(quantity(text))).toBe(canonical);
  });

  it.each([
    '',
    ' 1',
    '1 Gi',
    '1gi',
    '1GI',
    '1mi',
    '1K',
    'Gi',
    '.',
    '-',
    '1e',
    'e3',
    '1e3Gi',
    '0x10',
    '1,5',
    '1e400',
    '١',
  ])('%j is refused', (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  });
});

describe('addQuantities', () => {
  it.each([
    ['1Gi', '512Mi', '1536Mi'],
    ['100m', '0.9', '1'],
    ['0', '1Gi', '1Gi'],
    ['1', '1Ki', '1025'],
    ['1Ki', '1m', '1025'],
    ['9007199254740993', '1', '9007199254740994'],
  ])('%s + %s = %s', (a, b, sum) => {
    expect(formatQuantity(addQuantities(quantity(a), quantity(b)))).toBe(sum);
  });
});

describe('compareQuantities', () => {
  it.each([
    ['1Gi', '1073741824', 0],
    ['1G', '1Gi', -1],
    ['1', '999m', 1],
    ['-1', '0', -1],
  ])('%s against %s is %i', (a, b, order) => {
    expect(compareQuantities(quantity(a), quantity(b))).toBe(order);
  });

  it('sees no difference between a quantity and its canonical text, above the rounding of bytes', () => {
    const text = fc
      .tuple(
        fc.bigInt({ min: 0n, max: 10n ** 9n }),
        fc.constantFrom('', 'm', 'u', 'n', 'k', 'M', 'Ki', 'Mi', 'Gi', 'e3', 'e-3'),
      )
      .map(([digits, suffix]) => `${digits}${suffix}`);
    fc.assert(
      fc.property(text, (written) => {
        const once = quantity(written);
        const again = quantity(formatQuantity(once));
        expect(compareQuantities(once, again)).toBe(0);
        expect(formatQuantity(again)).toBe(formatQuantity(once));
      }),
    );
  });
});
