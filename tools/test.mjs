// `npm test`: the gate. Installs and builds what it needs, runs every check and every test, and ends with
// `N passed, N failed` alone on a line, counted from the reports of the runners.
//
//   npm test                 everything
//   npm test -- unit         one or more parts: check, unit, node24, cluster
//   npm test -- --keep       leave the test cluster up (the next run is quicker)
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrap, root } from './bootstrap.mjs';

const PARTS = ['check', 'unit', 'node24', 'cluster'];
const TEST_CLUSTER = 'tenantry-test';

const started = performance.now();
const words = process.argv.slice(2);
const keep = words.includes('--keep');
const wanted = words.filter((word) => !word.startsWith('--'));
const unknown = words.filter((word) => word !== '--keep' && !PARTS.includes(word));
if (unknown.length > 0) {
  process.stderr.write(
    `error: unknown part ${unknown.join(', ')}\n  Parts: ${PARTS.join(', ')}; option: --keep\n`,
  );
  process.exit(2);
}
const runs = (part) => wanted.length === 0 || wanted.includes(part);
const total = { passed: 0, failed: 0 };
const reports = mkdtempSync(join(tmpdir(), 'tenantry-test-'));

/** Runs a command with the terminal's streams; answers its exit code. */
function run(command, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      resolve(127);
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** What a command prints, last line; undefined (and a counted failure) where it fails. */
function ask(command, args) {
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (result.status === 0) return result.stdout.trim().split('\n').at(-1);
  total.failed++;
  process.stdout.write(`✗ ${args.join(' ')} failed\n`);
  return undefined;
}

/** One vitest project on one Node; its own JSON report is what counts, and a runner that dies counts as a failure. */
async function vitest(node, project, env = {}) {
  const report = join(reports, `${project}-${performance.now()}.json`);
  const code = await run(
    node,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    env,
  );
  const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
  const passed = result?.numPassedTests ?? 0;
  // A test that was skipped or left out did not pass: the gate has no such tests.
  let failed = (result?.numFailedTests ?? 0) + (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0);
  if ((code !== 0 && failed === 0) || passed + failed === 0) failed++;
  total.passed += passed;
  total.failed += failed;
}

function part(name) {
  process.stdout.write(`\n== ${name}  (${((performance.now() - started) / 1000).toFixed(0)} s)\n`);
}

bootstrap();
part('build');
const { buildAll } = await import('./build.mjs');
await buildAll();
const tenantry = (...args) => [join(root, 'dist/tenantry.mjs'), ...args];

if (runs('check')) {
  part('check');
  const { runChecks } = await import('./check.mjs');
  const result = runChecks();
  total.passed += result.passed;
  total.failed += result.failed;
}

// Tests compare with the stock helm and talk through the real kubectl, whatever the machine has.
let tools;
if (runs('unit') || runs('node24') || runs('cluster')) {
  part('tools');
  tools = {
    HELM: ask(process.execPath, tenantry('tool', 'helm')),
    KUBECTL: ask(process.execPath, tenantry('tool', 'kubectl')),
    NODE24: ask(process.execPath, tenantry('tool', 'node')),
  };
}

if (runs('unit')) {
  part(`unit tests on Node ${process.versions.node}`);
  await vitest(process.execPath, 'unit', tools);
}

if (runs('node24') && tools?.NODE24 !== undefined) {
  part('unit tests on Node 24');
  await vitest(tools.NODE24, 'unit', tools);
}

if (runs('cluster')) {
  part('cluster: the main job');
  // The quickstart is the main job's test, and what the other cluster tests stand on.
  const up = await run(
    process.execPath,
    tenantry('quickstart', '--name', TEST_CLUSTER, '--subnet', '10.91.0.0/24'),
  );
  if (up === 0) total.passed++;
  const kubeconfig =
    up === 0 ? ask(process.execPath, tenantry('cluster', 'kubeconfig', '--name', TEST_CLUSTER)) : undefined;
  if (kubeconfig === undefined) {
    total.failed++;
    process.stdout.write('✗ the main job did not work\n');
  } else {
    part('cluster tests');
    await vitest(process.execPath, 'cluster', {
      ...tools,
      KUBECONFIG: kubeconfig,
      TENANTRY_CLUSTER: TEST_CLUSTER,
    });
  }
  if (!keep) {
    const down = await run(process.execPath, tenantry('cluster', 'down', '--name', TEST_CLUSTER));
    if (down !== 0) total.failed++;
  }
}

rmSync(reports, { recursive: true, force: true });
process.stdout.write(`\n${((performance.now() - started) / 60_000).toFixed(1)} minutes\n`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
process.exit(total.failed === 0 ? 0 : 1);
