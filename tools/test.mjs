// `npm test`: the gate. Installs and builds what it needs, runs every check and every test, and ends with
// `N passed, N failed` alone on a line, counted from the reports of the runners.
//
//   npm test                 everything
//   npm test -- unit         one or more parts: check, unit, node24, cluster
//   npm test -- --keep       leave the test cluster up (the next run is quicker)
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { bootstrap, root } from './bootstrap.mjs';
import { compatibilityRows, unprovenRows } from './compatibility.mjs';

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
/** What failed, by name: said once more at the end, where a log that was cut still has it. */
const failures = [];
/** What became of each test file, by path: on two Nodes, of both together. */
const ran = new Map();
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
  failed(args.join(' '));
  return undefined;
}

/** Counts and keeps one failure. */
function failed(name) {
  total.failed++;
  failures.push(name);
  process.stdout.write(`✗ ${name} failed\n`);
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
  total.passed += passed;
  // A test that was skipped or left out did not pass: the gate has no such tests.
  for (const file of result?.testResults ?? []) {
    const path = relative(root, file.name);
    const before = ran.get(path) ?? { passed: 0, others: 0 };
    const good = file.assertionResults.filter((test) => test.status === 'passed').length;
    const others = before.others + file.assertionResults.length - good;
    ran.set(path, { passed: before.passed + good, others });
  }
  // A file that could not be loaded has no tests at all.
  const others = (result?.testResults ?? []).flatMap((file) => {
    const where = `${project} on ${node}: ${relative(root, file.name)}`;
    if (file.assertionResults.length === 0) return [`${where}\n${firstLines([file.message])}`];
    return file.assertionResults
      .filter((test) => test.status !== 'passed')
      .map((test) => `${where}: ${test.fullName} (${test.status})\n${firstLines(test.failureMessages)}`);
  });
  total.failed += others.length;
  failures.push(...others);
  if (others.length === 0 && (code !== 0 || passed === 0))
    failed(`${project} on ${node} (exit code ${code})`);
}

const firstLines = (messages = []) => messages.map((message) => `    ${message.split('\n')[0]}\n`).join('');

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
  total.failed += result.failures.length;
  failures.push(...result.failures);
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
    failed('the main job');
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
    if (down !== 0) failed('taking the test cluster down');
  }
}

if (wanted.length === 0) {
  const rows = compatibilityRows(readFileSync(join(root, 'docs/compatibility.md'), 'utf8'));
  const unproven = unprovenRows(rows, ran);
  for (const row of unproven) failed(row);
  if (unproven.length === 0) total.passed++;
}

rmSync(reports, { recursive: true, force: true });
if (failures.length > 0)
  process.stdout.write(`\nfailed:\n${failures.map((name) => `  ${name.trimEnd()}\n`).join('')}`);
process.stdout.write(`\n${((performance.now() - started) / 60_000).toFixed(1)} minutes\n`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
process.exit(total.failed === 0 ? 0 : 1);
