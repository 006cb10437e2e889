// What docs/compatibility.md claims, row by row, against the tests that ran: a claim stands on a test that passed.

/**
 * Rows of the tables: `section` (the heading above), `number`, the text of the claim and the `tests` it names.
 * A row is `| 12 | feature | what is here | `test` |`; a row without a test says "Not yet" and nothing else.
 */
export function compatibilityRows(text) {
  const rows = [];
  let section = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) section = line.replace(/^#+ /, '');
    if (!/^\| \d+ \|/.test(line)) continue;
    const cells = line.split('|').map((cell) => cell.trim());
    const tests = [...(cells.at(-2) ?? '').matchAll(/`([^`]+)`/g)].map(([, file]) => file);
    rows.push({ section, number: Number(cells[1]), claim: cells.slice(3, -2).join('|'), tests });
  }
  return rows;
}

/**
 * What is wrong with each row, given which test files ran and how: `ran` has, by path, how many of its tests passed and how many did
 * anything else (failed, were skipped).
 */
export function unprovenRows(rows, ran) {
  return rows.flatMap(({ section, number, claim, tests }) => {
    const row = `compatibility: ${section}, row ${number}`;
    if (tests.length === 0)
      return claim.startsWith('**Not yet.**') ? [] : [`${row}: claims something and names no test`];
    return tests.flatMap((test) => {
      const result = ran.get(test);
      if (result === undefined || result.passed === 0) return [`${row}: ${test} did not run`];
      return result.others === 0 ? [] : [`${row}: ${test}: ${result.others} tests did not pass`];
    });
  });
}
