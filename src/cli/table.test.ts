import { describe, expect, it } from 'vitest';
import { formatTable } from './table.ts';

describe('formatTable', () => {
  it('makes columns as wide as their longest cell and trims the end of lines', () => {
    expect(
      formatTable(
        ['NAME', 'READY'],
        [
          ['wp-for-tenant1', 'True'],
          ['x', ''],
        ],
      ),
    ).toBe('NAME             READY\nwp-for-tenant1   True\nx                -\n');
  });

  it('prints only the header when there are no rows', () => {
    expect(formatTable(['NAME', 'AGE'], [])).toBe('NAME   AGE\n');
  });
});
