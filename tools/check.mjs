// `npm run check`: everything that can be said of the source without running it. Each check is one line of a
// literal list; all run, so that one look shows everything that is wrong.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bootstrap, root } from './bootstrap.mjs';

const bin = (name) => join(root, 'node_modules', '.bin', name);

const CHECKS = [
  ['types', bin('tsc'), ['-p', '.']],
  ['types of the page', bin('tsc'), ['-p', 'web']],
  ['lint', bin('oxlint'), ['--type-aware', '--deny-warnings', 'src', 'test', 'tools', 'web']],
  // Most of the time of all checks on a cold cache, nearly none on a warm one.
  [
    'format',
    bin('prettier'),
    [
      '--check',
      '--log-level=warn',
      '--cache',
      '--cache-strategy=content',
      `--cache-location=${join(root, '.cache/prettier')}`,
      'src',
      'test',
      'tools',
      'web',
      '*.json',
      '*.ts',
    ],
  ],
  ['unused', bin('knip'), ['--no-progress']],
  ['layers', process.execPath, [join(root, 'tools/check-layers.mjs')]],
  [
    'generated',
    process.execPath,
    [join(root, 'node_modules/tsx/dist/cli.mjs'), join(root, 'tools/gen.ts'), '--check'],
  ],
];

/** Runs all checks; answers how many passed, and which failed. */
export function runChecks() {
  let passed = 0;
  const failures = [];
  for (const [name, command, args] of CHECKS) {
    const started = performance.now();
    const result = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
    const ok = result.status === 0;
    process.stdout.write(
      `${ok ? '✓' : '✗'} check: ${name}  ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
    );
    if (ok) passed++;
    else {
      failures.push(`check: ${name}`);
      process.stdout.write(
        `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? String(result.error) : ''}\n`,
      );
    }
  }
  return { passed, failures };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  bootstrap();
  process.exit(runChecks().failures.length === 0 ? 0 : 1);
}
