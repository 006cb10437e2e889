export interface CompatibilityRow {
  readonly section: string;
  readonly number: number;
  readonly claim: string;
  readonly tests: readonly string[];
}
export interface FileResult {
  readonly passed: number;
  readonly others: number;
}
export function compatibilityRows(text: string): readonly CompatibilityRow[];
export function unprovenRows(
  rows: readonly CompatibilityRow[],
  ran: ReadonlyMap<string, FileResult>,
): readonly string[];
