import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CONTROLS } from '../../tools/mutants/controls.ts';
import { POLICIES } from '../../tools/mutants/policies.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The table of docs/security.md: attack, control, test file and name. */
const [, section = ''] = read('docs/security.md').split('## Attacks\n');
const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| (.+) \| (.+) \| `(.+?)`: (.+) \|$/gm)].map(
  ([, attack = '', control = '', file = '', name = '']) => ({ attack, control, file, name }),
);
const policyOf = (control: string): string | undefined => /^policy `(.+)`$/.exec(control)?.[1];

describe('the index of attacks', () => {
  it.each(rows)('names a test for: $attack', ({ file, name }) => {
    expect(existsSync(join(root, file))).toBe(true);
    expect(read(file)).toContain(name);
  });

  it('has a mutant for every control that is code or a policy', () => {
    const code = rows.filter(({ control }) => control.startsWith('`src/'));
    const policies = rows.flatMap(({ control }) => policyOf(control) ?? []);

    expect(code.map(({ attack, control, file, name }) => [attack, control, file, name])).toEqual(
      CONTROLS.map(({ attack, file, test }) => [attack, `\`${file}\``, test.file, test.name]),
    );
    expect(policies.toSorted()).toEqual(POLICIES.map(({ name }) => name).toSorted());
  });

  it('has a row for every policy of the chart', () => {
    const chart = read('deploy/chart/templates/cluster/policies.yaml');
    const named = [...chart.matchAll(/^kind: ValidatingAdmissionPolicy\nmetadata:\n {2}name: (.+)$/gm)];

    expect(named.map(([, name]) => name).toSorted()).toEqual(POLICIES.map(({ name }) => name).toSorted());
  });
});

describe('the mutants', () => {
  it.each(CONTROLS)('still fit: $attack', ({ file, find, replace }) => {
    expect(read(file).split(find)).toHaveLength(2);
    expect(replace).not.toBe(find);
  });
});
