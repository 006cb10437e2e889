// Takes every control against an attack away, one after another, and expects the attack's test to fail: a test that passes without
// its control guards nothing. Code in a worktree of its own, policies in a cluster of its own. `--out FILE` writes what was
// found; `--only WORD` takes those whose attack or policy holds the word; `--code` leaves the cluster out. A part of `npm run proof`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Control } from './mutants/control.ts';
import { CONTROLS } from './mutants/controls.ts';
import { POLICIES, type Policy } from './mutants/policies.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** A test of a looping template that nobody ends would run for ever; ended by us it counts as failed. */
const TEST_LIMIT_MS = 120_000;
/** The API server takes a moment to notice that a binding went or came. */
const POLICY_LIMIT_MS = 60_000;
const CLUSTER = ['--name', 'tenantry-mutants', '--subnet', '10.92.0.0/24'];

const words = process.argv.slice(2);
const after = (flag: string): string | undefined => {
  const at = words.indexOf(flag);
  return at < 0 ? undefined : words[at + 1];
};
const only = after('--only')?.toLowerCase();
const isWanted = (text: string): boolean => only === undefined || text.toLowerCase().includes(only);

interface Finding {
  readonly control: string;
  readonly file: string;
  /** True where the attack succeeded without the control, and not with it. */
  readonly guarded: boolean;
}

/** Runs one test of a folder; true if it passed. */
function passes(folder: string, { file, name }: Control['test']): boolean {
  // A name with %s stands for several tests; the words before it find them.
  const words = name.split('%s')[0]?.trim() ?? name;
  const pattern = words.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const report = join(folder, '.mutant.json');
  rmSync(report, { force: true });
  const vitest = join(folder, 'node_modules/vitest/vitest.mjs');
  const args = ['run', '--project', 'unit', file, '-t', pattern, '--reporter=json', `--outputFile=${report}`];
  const { status } = spawnSync(process.execPath, [vitest, ...args], {
    cwd: folder,
    stdio: 'ignore',
    timeout: TEST_LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  if (status !== 0) return false;
  const { numPassedTests } = JSON.parse(readFileSync(report, 'utf8')) as { numPassedTests: number };
  if (numPassedTests === 0) throw new Error(`${file} has no test ${name}`);
  return true;
}

function tryControl(folder: string, { attack, file, find, replace, test }: Control): Finding {
  const path = join(folder, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(find).length !== 2) throw new Error(`${file} does not hold once: ${find}`);
  const green = passes(folder, test);
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  const red = !passes(folder, test);
  writeFileSync(path, source);
  const guarded = green && red;
  const told = guarded ? '' : green ? '  (its test passes without it)' : '  (its test fails with it)';
  process.stdout.write(`${guarded ? '✓' : '✗'} ${attack}${told}\n`);
  return { control: attack, file, guarded };
}

function tryCode(): readonly Finding[] {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-mutants-'));
  const git = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  try {
    git('worktree', 'add', '--detach', '--force', folder, 'HEAD');
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    return CONTROLS.filter(({ attack }) => isWanted(attack)).map((control) => tryControl(folder, control));
  } finally {
    git('worktree', 'remove', '--force', folder);
  }
}

/** Our program; what it printed last. */
function tenantry(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/tenantry.mjs'), ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`tenantry ${args.join(' ')}: ${stderr}`);
  return stdout.trim().split('\n').at(-1) ?? '';
}

function tryPolicy(env: NodeJS.ProcessEnv, { name, attack }: Policy): Finding {
  const run = (line: string, input = ''): { status: number | null; stdout: string } =>
    spawnSync('bash', ['-c', line], { env, input, encoding: 'utf8' });
  const becomes = (succeeds: boolean): boolean => {
    for (const end = performance.now() + POLICY_LIMIT_MS; performance.now() < end;)
      if ((run(attack).status === 0) === succeeds) return true;
    return false;
  };
  const held = becomes(false);
  const binding = `validatingadmissionpolicybinding ${name}`;
  const { spec } = JSON.parse(run(`kubectl get ${binding} -o json`).stdout) as { spec: object };
  run(`kubectl delete ${binding}`);
  const open = becomes(true);
  const again = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name },
    spec,
  };
  run('kubectl create -f -', JSON.stringify(again));
  const guarded = held && open && becomes(false);
  process.stdout.write(`${guarded ? '✓' : '✗'} policy ${name}\n`);
  return { control: `policy ${name}`, file: 'deploy/chart/templates/cluster/policies.yaml', guarded };
}

function tryPolicies(): readonly Finding[] {
  const wanted = POLICIES.filter(({ name }) => isWanted(name));
  if (words.includes('--code') || wanted.length === 0) return [];
  const existing = process.env['KUBECONFIG'];
  try {
    if (existing === undefined) tenantry('quickstart', ...CLUSTER);
    const kubeconfig = existing ?? tenantry('cluster', 'kubeconfig', ...CLUSTER.slice(0, 2));
    const PATH = `${dirname(tenantry('tool', 'kubectl'))}${delimiter}${process.env['PATH'] ?? ''}`;
    const env = { ...process.env, KUBECONFIG: kubeconfig, PATH };
    return wanted.map((policy) => tryPolicy(env, policy));
  } finally {
    if (existing === undefined) tenantry('cluster', 'down', ...CLUSTER.slice(0, 2));
  }
}

const findings = [...tryCode(), ...tryPolicies()];
const guarded = findings.filter((finding) => finding.guarded).length;
process.stdout.write(`${guarded} of ${findings.length} controls are guarded by their tests\n`);
const out = after('--out');
/** The files that hold the controls, and their tests. */
const covers = new Set([
  ...CONTROLS.flatMap(({ file, test }) => [file, test.file]),
  'deploy/chart/templates/cluster',
  'tools/mutants',
]);
if (out !== undefined) {
  const result = { controls: findings.length, guarded, covers: [...covers], findings };
  writeFileSync(out, `${JSON.stringify(result, null, 2)}\n`);
}
process.exitCode = guarded === findings.length ? 0 : 1;
