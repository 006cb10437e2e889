// Kubernetes' own tests on a local cluster of their own. `--suite` says which; `--out FILE` writes the counts as JSON; ends
// with 1 where a test fails that the skip file does not name.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { buildRecipes } from '../src/local/images/build-images.ts';
import { NEWEST_RELEASE } from '../src/local/kubernetes-release.ts';
import { findTools, type ToolPaths } from '../src/local/toolchain.ts';
import { IMAGE_PROGRAMS, registryList, testImages } from './kubernetes-tests/images.ts';
import { TEST_PROGRAMS, kubernetesSources } from './kubernetes-tests/programs.ts';
import { failures, readReport, summarize } from './kubernetes-tests/report.ts';
import { parseSkips, skipExpression, staleSkips } from './kubernetes-tests/skips.ts';
import { SUITES } from './kubernetes-tests/suites.ts';
import { ask, images, root, show, tenantry, toolchain } from './local-programs.ts';

const { values } = parseArgs({
  options: {
    suite: { type: 'string' },
    out: { type: 'string' },
    name: { type: 'string', default: 'kubernetes-tests' },
    subnet: { type: 'string', default: '10.92.0.0/24' },
    /** Another number of nodes than the suite's. */
    nodes: { type: 'string' },
    /** Another regular expression than the suite's: to look at one test. */
    focus: { type: 'string' },
    /** Leaves the cluster up, and uses it when it is. */
    keep: { type: 'boolean', default: false },
  },
});
const suite = SUITES[values.suite ?? ''];
if (suite === undefined)
  throw new Error(`--suite is "${values.suite ?? ''}"; there are ${Object.keys(SUITES).join(', ')}`);

/** How long all of them may take before something hangs. */
const TIMEOUT = '4h';
const skips = parseSkips(readFileSync(join(root, 'tools/kubernetes-tests', suite.skips), 'utf8'));
const focus = values.focus ?? suite.focus;
const nodes = values.nodes ?? String(suite.nodes);
const work = mkdtempSync(join(tmpdir(), 'tenantry-kubernetes-tests-'));

async function prepare(): Promise<ToolPaths> {
  const programs = await findTools([...TEST_PROGRAMS, ...IMAGE_PROGRAMS, 'kubectl'], toolchain);
  const recipes = testImages(programs, kubernetesSources(toolchain.sources), suite?.images);
  const archives = await buildRecipes(recipes, images);
  await tenantry('cluster', 'up', '--name', name, '--subnet', values.subnet, '--nodes', nodes);
  await tenantry('cluster', 'load-image', ...archives.map(({ path }) => path), '--name', name);
  writeFileSync(join(work, 'registries.yaml'), registryList());
  return programs;
}

/** Runs the chosen tests; answers the path of ginkgo's report. */
async function runTests(programs: ToolPaths, expression: string, procs: number): Promise<string> {
  const path = (tool: string): string => programs.get(tool) ?? tool;
  const leftOut = skipExpression(skips);
  await show(
    path('ginkgo'),
    [
      `--procs=${procs}`,
      '--no-color',
      `--timeout=${TIMEOUT}`,
      `--focus=${expression}`,
      ...(leftOut === undefined ? [] : [`--skip=${leftOut}`]),
      // A machine that is busy lets a wait run out now and then: what fails twice is wrong.
      '--flake-attempts=2',
      '--json-report=report.json',
      `--output-dir=${work}`,
      path('e2e.test'),
      '--',
      '--provider=skeleton',
      `--kubeconfig=${await ask('cluster', 'kubeconfig', '--name', name)}`,
      `--kubectl-path=${path('kubectl')}`,
      // Who looks into a failure runs that test alone, with `--focus`.
      '--dump-logs-on-failure=false',
    ],
    { KUBE_TEST_REPO_LIST: join(work, 'registries.yaml') },
  );
  return join(work, 'report.json');
}

const name = values.name;
try {
  const programs = await prepare();
  const chosen = new RegExp(focus);
  const outcomes = readReport(readFileSync(await runTests(programs, focus, suite.procs), 'utf8')).filter(
    (outcome) => chosen.test(outcome.name),
  );
  const stale = staleSkips(
    skips,
    outcomes.map((outcome) => outcome.name),
  );
  const summary = summarize(outcomes, skips);
  for (const { reason, test } of values.focus === undefined ? stale : [])
    process.stdout.write(`the skip file names a test that there is not: ${reason}: ${test}\n`);
  for (const failed of failures(outcomes)) process.stdout.write(`✗ ${failed.name}\n`);
  process.stdout.write(
    `${summary.all} tests: ${summary.passed} passed, ${summary.failed.length} failed, ${JSON.stringify(summary.skipped)}\n`,
  );
  if (values.out !== undefined)
    writeFileSync(
      values.out,
      `${JSON.stringify({ kubernetes: NEWEST_RELEASE.version, nodes: Number(nodes), ...summary }, null, 2)}\n`,
    );
  const holds = summary.failed.length === 0 && summary.passed > 0 && stale.length === 0;
  process.exitCode = holds ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
  if (!values.keep) await tenantry('cluster', 'down', '--name', name);
}
