// What must be there before any of our own code can run: a Node that is new enough and the packages of
// package-lock.json. Plain JavaScript without dependencies, since it runs first on a fresh checkout.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const FLOOR = [20, 19];

/** Ends the process with what is wrong and what to do about it. */
export function fail(what, remedy) {
  process.stderr.write(`error: ${what}\n  ${remedy}\n`);
  process.exit(1);
}

/** Installs the locked packages unless exactly these are installed already. */
export function bootstrap() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < FLOOR[0] || (major === FLOOR[0] && minor < FLOOR[1]))
    fail(`Node ${process.versions.node} is too old`, `Install Node ${FLOOR.join('.')} or newer.`);
  const stamp = join(root, 'node_modules', '.tenantry-lock');
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return { cached: true };
  // `npm ci` would empty the folder behind the link, and with it another checkout.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink() === true)
    fail(
      'node_modules is a link to packages of another package-lock.json',
      'Remove the link and run this again; it installs packages of its own.',
    );
  const started = performance.now();
  process.stdout.write('… npm packages\n');
  const result = spawnSync('npm', ['ci', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (result.status !== 0)
    fail(
      'npm ci failed',
      'Read its message above; check that the npm registry can be reached and run this again.',
    );
  writeFileSync(stamp, lock);
  process.stdout.write(`✓ npm packages  ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  return { cached: false };
}
