import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** Files that a program is made of: everything that its first file imports, directly or not. Types only count, too. */
function filesOf(first: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(first)) return seen;
  seen.add(first);
  for (const [, path = ''] of readFileSync(first, 'utf8').matchAll(/(?:from|import) '(\.[^']+)'/g))
    filesOf(join(dirname(first), path), seen);
  return seen;
}

describe('the operator', () => {
  it('reaches nothing that could start one', () => {
    const files = [...filesOf(join(root, 'src/main/operator.ts'))];
    const starters = files
      .filter((file) =>
        /(?:from|import) '(?:node:)?(?:child_process|cluster)'/.test(readFileSync(file, 'utf8')),
      )
      .map((file) => relative(root, file));

    expect(files.length).toBeGreaterThan(150);
    // Programs that a kubeconfig names, on the machine of whoever runs the command line.
    expect(starters).toEqual(['src/client/surroundings.ts']);
  });
});
