// `npm run proof`: what takes longer than the gate may. Each part is a program of its own that writes what it found as JSON;
// the result is kept with its date and commit under docs/proof.
//
//   npm run proof                  every part
//   npm run proof -- bench hosts   some of them
//   npm run proof -- --status      which results are older than the code they cover
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { bootstrap, fail, root } from './bootstrap.mjs';

/** What an instance goes through, from its admission to its last status. */
const INSTANCES = [
  ...['client', 'helm', 'kube', 'lib', 'runtime', 'features/instance', 'features/tenancy'].map(
    (folder) => `src/${folder}`,
  ),
  'tools/helm-engine',
];

/**
 * Parts by name: the program (run by tsx with `--out FILE`; it ends with 1 where something does not hold) and the paths whose
 * change makes an older result worthless. A result that names its own `covers` knows better.
 */
const PARTS = {
  growth: {
    program: 'tools/growth.ts',
    args: ['--sizes', '1,10,100,1000,5000'],
    covers: [...INSTANCES, 'tools/growth.ts', 'tools/growth'],
  },
  bench: {
    program: 'tools/bench.ts',
    args: ['--full'],
    covers: [...INSTANCES, 'src/features/service', 'tools/bench.ts', 'tools/bench'],
  },
  mutants: {
    program: 'tools/mutants.ts',
    covers: ['src', 'deploy/chart/templates/cluster', 'tools/mutants', 'tools/mutants.ts'],
  },
  faults: {
    program: 'tools/faults.ts',
    args: ['--all', '--cluster', 'faults'],
    covers: [
      ...['client', 'runtime', 'features/instance', 'features/service'].map((folder) => `src/${folder}`),
      'test/faults',
      'tools/faults',
    ],
  },
  mutation: {
    program: 'tools/mutation.ts',
    covers: ['src/lib', 'src/kube', 'src/api', 'src/features/instance', 'tools/mutation'],
  },
  hosts: {
    program: 'tools/proof-hosts.ts',
    covers: ['src', 'deploy', 'tools/kubernetes', 'test/cluster'],
  },
  'second-minor': {
    program: 'tools/proof-hosts.ts',
    args: ['--only', 'provider-tour', '--kubernetes-version', '1.36'],
    covers: ['src', 'deploy', 'test/cluster/provider-tour.test.ts', 'examples/kubeplus-tour.sh'],
  },
  'network-policies': kubernetesTests('network-policies', 'images/agnhost'),
  conformance: kubernetesTests('conformance', 'images'),
  sources: { program: 'tools/sources.ts', covers: ['src/helm', 'tools/sources', 'tools/sources.ts'] },
  monitoring: {
    program: 'tools/monitoring.ts',
    covers: [
      'src/features/usage',
      'deploy/chart/files',
      'deploy/chart/templates/monitoring',
      'deploy/chart/templates/operator/services.yaml',
      'tools/monitoring',
      'tools/monitoring.ts',
    ],
  },
  'plane-upgrade': {
    program: 'tools/plane-upgrade.ts',
    covers: ['src/planes', 'src/features/controlplane', 'tools/plane-upgrade', 'tools/plane-upgrade.ts'],
  },
  upgrade: {
    program: 'tools/upgrade.ts',
    covers: ['src', 'deploy', 'tools/upgrade.ts', 'tools/upgrade'],
  },
  charts: {
    program: 'tools/chart-proof.ts',
    covers: ['src/helm', 'tools/helm-engine', 'test/charts', 'test/fixtures/charts'],
  },
};

/** Kubernetes' own tests of one area, on the local cluster, and which images they run. */
function kubernetesTests(suite, images) {
  const program = 'tools/proof-kubernetes-tests.ts';
  const parts = [
    'images.ts',
    'programs.ts',
    'report.ts',
    'skips.ts',
    'suites.ts',
    `${suite}.skips.txt`,
    images,
  ];
  const covers = [
    'src/local',
    'tools/kubernetes',
    program,
    ...parts.map((part) => `tools/kubernetes-tests/${part}`),
  ];
  return { program, args: ['--suite', suite], covers };
}

const results = join(root, 'docs/proof');
/** Everything but results: keeping one changes nothing that another one covers. */
const CODE = ':!docs/proof';
const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();

/** The newest kept result of a part; undefined where there is none. */
function latest(name) {
  if (!existsSync(results)) return undefined;
  const file = readdirSync(results)
    .filter((entry) => /^\d{4}-\d\d-\d\d-/.test(entry) && entry.slice(11) === `${name}.json`)
    .sort()
    .at(-1);
  return file === undefined ? undefined : JSON.parse(readFileSync(join(results, file), 'utf8'));
}

/** What can be said of a part's newest result without running it. */
function state(name, { covers }) {
  const result = latest(name);
  if (result === undefined) return 'never run';
  const changed = git('diff', '--name-only', result.commit, 'HEAD', '--', ...(result.covers ?? covers))
    .split('\n')
    .filter(Boolean);
  const outcome = `${result.date}, ${result.holds ? 'holds' : 'does not hold'}`;
  return changed.length === 0 ? outcome : `${outcome}, but ${changed.length} files changed since`;
}

/** Runs one part and keeps its result. Answers whether it holds. */
function prove(name, { program, args = [] }) {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-proof-'));
  const out = join(folder, 'result.json');
  process.stdout.write(`\n== ${name}\n`);
  const started = performance.now();
  const command = [join(root, 'node_modules/tsx/dist/cli.mjs'), join(root, program), ...args, '--out', out];
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  const holds = status === 0;
  const seconds = Math.round((performance.now() - started) / 1000);
  if (existsSync(out)) {
    const date = new Date().toISOString().slice(0, 10);
    const kept = join(results, `${date}-${name}.json`);
    const result = JSON.parse(readFileSync(out, 'utf8'));
    mkdirSync(results, { recursive: true });
    writeFileSync(
      kept,
      `${JSON.stringify({ date, commit: git('log', '-1', '--format=%H', '--', '.', CODE), part: name, holds, seconds, ...result }, null, 2)}\n`,
    );
    process.stdout.write(`wrote ${kept}\n`);
  }
  rmSync(folder, { recursive: true, force: true });
  process.stdout.write(`${holds ? '✓' : '✗'} ${name}  ${seconds} s\n`);
  return holds;
}

const words = process.argv.slice(2);
const wanted = words.filter((word) => !word.startsWith('--'));
const unknown = words.filter((word) => word !== '--status' && !(word in PARTS));
if (unknown.length > 0)
  fail(`unknown part ${unknown.join(', ')}`, `Parts: ${Object.keys(PARTS).join(', ')}; option: --status`);
const chosen = Object.entries(PARTS).filter(([name]) => wanted.length === 0 || wanted.includes(name));
if (words.includes('--status')) {
  for (const [name, part] of chosen) process.stdout.write(`${name.padEnd(16)} ${state(name, part)}\n`);
} else {
  // A result belongs to a commit: what is not committed could not be found again.
  const dirty = git('status', '--porcelain', '--', '.', CODE);
  if (dirty !== '')
    fail(`the checkout has changes that are not committed:\n${dirty}`, 'Commit them, then run this again.');
  bootstrap();
  const { buildAll } = await import('./build.mjs');
  await buildAll();
  const failed = chosen.filter(([name, part]) => !prove(name, part)).map(([name]) => name);
  process.stdout.write(
    failed.length === 0 ? `\nall of ${chosen.length} hold\n` : `\ndoes not hold: ${failed.join(', ')}\n`,
  );
  process.exit(failed.length === 0 ? 0 : 1);
}
