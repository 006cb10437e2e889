// The main job and all cluster tests on the oldest Kubernetes that we support, or on the one that `--kubernetes-version` names.
// `--only TEXT` runs those files alone whose names hold the text and that bring a cluster of their own: the provider's tour.
// `--out FILE` writes what became of each; ends with 1 where a test fails.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { KUBERNETES_RELEASES, releaseNamed } from '../src/local/kubernetes-release.ts';
import { ask, root, show, tenantry } from './local-programs.ts';

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    name: { type: 'string', default: 'hosts' },
    subnet: { type: 'string', default: '10.93.0.0/24' },
    'kubernetes-version': {
      type: 'string',
      default: KUBERNETES_RELEASES.at(-1)?.version ?? KUBERNETES_RELEASES[0].version,
    },
    only: { type: 'string' },
    /** Leaves the cluster up, and uses it when it is. */
    keep: { type: 'boolean', default: false },
  },
});
const { name, subnet, only } = values;
const { version } = releaseNamed(values['kubernetes-version']);

/** What Vitest's JSON reporter writes, as far as it is read here. */
const Report = z.object({
  numPassedTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      message: z.string().optional(),
      status: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

/** Runs the cluster tests; answers what Vitest has to say of them. */
async function runClusterTests(report: string): Promise<z.infer<typeof Report>> {
  const tool = (what: string): Promise<string> => ask('tool', what, '--kubernetes-version', version);
  await show(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project=cluster',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...(only === undefined ? [] : [only]),
    ],
    {
      HELM: await tool('helm'),
      KUBECTL: await tool('kubectl'),
      NODE24: await tool('node'),
      ...(only === undefined
        ? { KUBECONFIG: await ask('cluster', 'kubeconfig', '--name', name), TENANTRY_CLUSTER: name }
        : {}),
      TENANTRY_KUBERNETES: version,
    },
  );
  if (!existsSync(report)) throw new Error('the cluster tests did not end: read the lines above');
  return Report.parse(JSON.parse(readFileSync(report, 'utf8')));
}

const work = mkdtempSync(join(tmpdir(), 'tenantry-hosts-'));
try {
  if (only === undefined)
    await tenantry('quickstart', '--name', name, '--subnet', subnet, '--kubernetes-version', version);
  const { numPassedTests: passed, testResults } = await runClusterTests(join(work, 'report.json'));
  // A file that could not be read has no tests, and is a failure.
  const failed = testResults.flatMap(({ name: file, status, assertionResults }) => {
    const tests = assertionResults.filter((test) => test.status !== 'passed').map((test) => test.fullName);
    return status !== 'passed' && tests.length === 0 ? [file.replace(`${root}/`, '')] : tests;
  });
  const what = only === undefined ? { quickstart: 'works' } : { only };
  const result = { kubernetes: version, ...what, passed, failed };
  process.stdout.write(`Kubernetes ${version}: ${passed} passed, ${failed.length} failed\n`);
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(result, null, 2)}\n`);
  process.exitCode = failed.length === 0 && passed > 0 ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
  if (!values.keep && only === undefined) await tenantry('cluster', 'down', '--name', name);
}
