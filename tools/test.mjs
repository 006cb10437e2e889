// `npm test`: the gate. Installs and builds what it needs, runs every check and every test, and ends with
// `N passed, N failed` alone on a line, counted from the reports of the runners.
//
//   npm test                 everything
//   npm test -- unit         one or more parts: check, unit, node24, cluster
//   npm test -- --keep       leave the test clusters up (the next run is quicker)
//   npm test -- cluster --only bad-input              the files alone whose names hold this (--without: the others)
//   npm test -- cluster --kubernetes-version 1.34     on another Kubernetes
//   npm test -- --report FILE                         what passed and what failed, as JSON
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { bootstrap, fail, root } from './bootstrap.mjs';
import { clusterLanes } from './cluster-lanes.mjs';
import { compatibilityRows, unprovenRows } from './compatibility.mjs';

const PARTS = ['check', 'unit', 'node24', 'cluster'];

const started = performance.now();
const { values: options, positionals: wanted } = readWords();
const unknown = wanted.filter((word) => !PARTS.includes(word));
if (unknown.length > 0) fail(`unknown part ${unknown.join(', ')}`, `Parts: ${PARTS.join(', ')}`);
const onVersion =
  options['kubernetes-version'] === undefined ? [] : ['--kubernetes-version', options['kubernetes-version']];
function readWords() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        keep: { type: 'boolean', default: false },
        only: { type: 'string' },
        without: { type: 'string' },
        'kubernetes-version': { type: 'string' },
        report: { type: 'string' },
      },
    });
  } catch (error) {
    return fail(error.message, 'The head of tools/test.mjs lists the options.');
  }
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
async function vitest(node, project, env = {}, files = []) {
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
      ...files,
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
    HELM: ask(process.execPath, tenantry('tool', 'helm', ...onVersion)),
    KUBECTL: ask(process.execPath, tenantry('tool', 'kubectl', ...onVersion)),
    NODE24: ask(process.execPath, tenantry('tool', 'node', ...onVersion)),
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

/** Brings a lane's cluster up with everything on it; answers the path of its kubeconfig. */
async function bringUp({ cluster, subnet }) {
  const words = ['quickstart', '--name', cluster, '--subnet', subnet, ...onVersion];
  if ((await run(process.execPath, tenantry(...words))) !== 0) {
    failed(`the main job on ${cluster}`);
    return undefined;
  }
  return ask(process.execPath, tenantry('cluster', 'kubeconfig', '--name', cluster));
}

/** The tests of a lane on its cluster. */
async function runLane({ cluster, files }, kubeconfig) {
  if (kubeconfig === undefined) return;
  const version = options['kubernetes-version'];
  const env = { ...tools, KUBECONFIG: kubeconfig, TENANTRY_CLUSTER: cluster };
  await vitest(
    process.execPath,
    'cluster',
    { ...env, ...(version === undefined ? {} : { TENANTRY_KUBERNETES: version }) },
    files,
  );
}

if (runs('cluster')) {
  const [first, ...others] = clusterLanes(options);
  if (first === undefined) fail(`--only is "${options.only}": no cluster test is named so`);
  part('cluster: the main job');
  // The quickstart is the main job's test, and what the other cluster tests stand on. The first builds what is not
  // cached; the next would build it a second time.
  const kubeconfig = await bringUp(first);
  if (kubeconfig !== undefined) {
    total.passed++;
    part('cluster tests');
    const lanes = others.map(async (lane) => runLane(lane, await bringUp(lane)));
    await Promise.all([runLane(first, kubeconfig), ...lanes]);
  }
  if (!options.keep) {
    for (const { cluster } of [first, ...others]) {
      const down = await run(process.execPath, tenantry('cluster', 'down', '--name', cluster));
      if (down !== 0) failed(`taking ${cluster} down`);
    }
  }
}

if (wanted.length === 0) {
  const rows = compatibilityRows(readFileSync(join(root, 'docs/compatibility.md'), 'utf8'));
  const unproven = unprovenRows(rows, ran);
  for (const row of unproven) failed(row);
  if (unproven.length === 0) total.passed++;
}

if (options.report !== undefined)
  writeFileSync(options.report, `${JSON.stringify({ passed: total.passed, failed: failures }, null, 2)}\n`);
rmSync(reports, { recursive: true, force: true });
if (failures.length > 0)
  process.stdout.write(`\nfailed:\n${failures.map((name) => `  ${name.trimEnd()}\n`).join('')}`);
process.stdout.write(`\n${((performance.now() - started) / 60_000).toFixed(1)} minutes\n`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
process.exit(total.failed === 0 ? 0 : 1);
