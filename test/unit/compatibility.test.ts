import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compatibilityRows, unprovenRows } from '../../tools/compatibility.mjs';

const root = join(import.meta.dirname, '../..');
const rows = compatibilityRows(readFileSync(join(root, 'docs/compatibility.md'), 'utf8'));
const ROW = {
  section: 'Services',
  number: 3,
  claim: '**Better.** Kept.',
  tests: ['src/a.test.ts'],
};

describe('docs/compatibility.md', () => {
  it('has every row of KubePlus’s features', () => {
    const of = new Set(
      rows.filter(({ section }) => /^(Services|Instances|Tools)$/.test(section)).map(({ number }) => number),
    );

    expect([...of].toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
  });

  it.each(rows.map((row) => [`${row.section} ${row.number}`, row] as const))(
    '%s names tests that there are',
    (_, row) => {
      expect(row.tests.filter((test) => !existsSync(join(root, test)))).toEqual([]);
      expect(unprovenRows([row], new Map(row.tests.map((test) => [test, { passed: 1, others: 0 }])))).toEqual(
        [],
      );
    },
  );
});

describe('a row', () => {
  it.each([
    ['whose test passed', ROW, { passed: 2, others: 0 }, []],
    [
      'whose test failed or was skipped',
      ROW,
      { passed: 2, others: 1 },
      [/row 3: src\/a\.test\.ts: 1 tests did not pass/],
    ],
    ['whose test has no tests', ROW, { passed: 0, others: 0 }, [/did not run/]],
    ['whose test did not run', ROW, undefined, [/did not run/]],
    ['that claims without a test', { ...ROW, tests: [] }, undefined, [/names no test/]],
    ['that claims nothing', { ...ROW, claim: '**Not yet.** Soon.', tests: [] }, undefined, []],
  ] as const)('%s', (_, row, result, expected) => {
    const ran = new Map(result === undefined ? [] : [['src/a.test.ts', result]]);

    const found = unprovenRows([row], ran);
    expect(found).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(found[index]).toMatch(pattern);
  });

  it('is read from the table', () => {
    expect(
      compatibilityRows('## Tools\n| 7 | `a` | **Same.** x | `t.ts`, `u.ts` |\n| | no row | | |\n'),
    ).toEqual([{ section: 'Tools', number: 7, claim: '**Same.** x', tests: ['t.ts', 'u.ts'] }]);
  });
});
