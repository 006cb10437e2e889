import { formatTable } from '../../src/cli/table.ts';

/** One line of the bench: what was measured, against what, and what it must reach. */
export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The raw figures that the value was made of. */
  readonly baseline: string;
  /** What the value must reach; absent where it is only reported. */
  readonly floor?: number;
  /** Which side of the floor is good. */
  readonly good: 'above' | 'below';
  /** The bench fails where such a row misses its floor. */
  readonly binding: boolean;
  readonly method: string;
}

/** True unless the row misses its floor. */
export function isReached({ value, floor, good }: Row): boolean {
  if (floor === undefined) return true;
  return good === 'above' ? value >= floor : value <= floor;
}

/** The rows as a table for people. */
export function tableOf(rows: readonly Row[]): string {
  return formatTable(
    ['ROW', 'VALUE', 'FLOOR', '', 'BASELINE'],
    rows.map((row) => [
      row.what,
      `${numberOf(row.value)} ${row.unit}`,
      row.floor === undefined ? '-' : `${row.good === 'above' ? '≥' : '≤'} ${row.floor} ${row.unit}`,
      row.floor === undefined ? '-' : verdictOf(row),
      row.baseline,
    ]),
  );
}

function verdictOf(row: Row): string {
  if (isReached(row)) return 'reached';
  return row.binding ? 'MISSED, binding' : 'missed';
}

/** Three digits are as many as a noisy machine can vouch for. */
export function numberOf(value: number): string {
  if (value === 0 || Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** The value below which the given part of the values lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
