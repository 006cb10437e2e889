/** Spaces between columns, as kubectl prints them. */
const GAP = 3;

/**
 * Rows under a header in kubectl's style: columns as wide as their longest cell, no boxes, no trailing spaces. Cells are printed as
 * they are; an empty one becomes `-`, so that columns can be cut by other programs.
 */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [header, ...rows.map((row) => header.map((_, column) => row[column] || '-'))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd((widths[column] ?? 0) + GAP))
        .join('')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
