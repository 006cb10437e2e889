// `npm run proof`: what takes longer than the gate may. Runs the bench in full and writes its dated result under docs/proof.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { bootstrap, root } from './bootstrap.mjs';

bootstrap();
const folder = join(root, 'docs/proof');
mkdirSync(folder, { recursive: true });
const day = new Date().toISOString().slice(0, 10);
const result = join(folder, `${day}-bench.json`);
const bench = spawnSync(process.execPath, [join(root, 'tools/bench.mjs'), '--full', '--out', result], {
  cwd: root,
  stdio: 'inherit',
});
if (bench.status === 0) {
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const { rows } = JSON.parse(readFileSync(result, 'utf8'));
  writeFileSync(result, `${JSON.stringify({ date: day, commit, rows }, null, 2)}\n`);
  process.stdout.write(`wrote ${result}\n`);
}
process.exit(bench.status ?? 1);
