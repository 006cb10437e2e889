import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { sha256 } from '../../src/lib/hash.ts';

/** A Go module that has charts among its files. */
interface ChartModule {
  readonly module: string;
  readonly version: string;
  /** The sum that go.sum would hold: what is fetched is this, or nothing. */
  readonly sum: string;
  /** Folders of the charts inside the module. */
  readonly charts: readonly string[];
}

/** Charts that other people run, taken as they are. Nothing of theirs is kept here: they come from the module proxy. */
const MODULES: readonly ChartModule[] = [
  {
    module: 'sigs.k8s.io/metrics-server',
    version: 'v0.9.0',
    sum: 'h1:nlqqZ2H0Xfko8eJC/1qaNVVT17hu4rxndkOi22KTZ4w=',
    charts: ['charts/metrics-server'],
  },
  {
    module: 'sigs.k8s.io/external-dns',
    version: 'v0.20.0',
    sum: 'h1:rJ4Q5c32NStvI8J+u2nyM4bcKxZG4g1NLPL0p994U9M=',
    charts: ['charts/external-dns'],
  },
  {
    module: 'sigs.k8s.io/descheduler',
    version: 'v0.36.0',
    sum: 'h1:fBemfJD1RhmbsdH94lKwGMOwQcbsrw67A5IK2c2fANA=',
    charts: ['charts/descheduler'],
  },
  {
    module: 'sigs.k8s.io/kueue',
    version: 'v0.10.0',
    sum: 'h1:GDQlZbMLCyImRMIdlCO9yyI1JWoX+Ab6x9fodcJBva4=',
    charts: ['charts/kueue'],
  },
  {
    module: 'sigs.k8s.io/kwok',
    version: 'v0.8.0',
    sum: 'h1:OTIOTwgROqPMovcTwxICx2eYQ4AwLpSx5EpjbDKF4SQ=',
    charts: ['charts/kwok', 'charts/stage-fast'],
  },
  {
    module: 'k8s.io/ingress-nginx',
    version: 'v0.0.0-20240708192948-52c50467d67d',
    sum: 'h1:tZui5g6S4GO1hxLm6yrEoIXLkl4QfeGytlmZqZ+DmdQ=',
    charts: ['charts/ingress-nginx'],
  },
  {
    module: 'istio.io/istio',
    version: 'v0.0.0-20260827124520-eed52ebb66ad',
    sum: 'h1:ui9TJjRMAV/hb5ehQaZDq7IUGxuQP6dra9lapT/VjHI=',
    charts: [
      'manifests/charts/gateway',
      'manifests/charts/istio-cni',
      'manifests/charts/istio-control/istio-discovery',
      'manifests/charts/ztunnel',
    ],
  },
  {
    module: 'github.com/open-policy-agent/gatekeeper/v3',
    version: 'v3.23.1',
    sum: 'h1:njHTm0SJ6ZEhhEgmQTpJKTGQbc99fSs4hGiEp1OIKck=',
    charts: ['charts/gatekeeper'],
  },
  {
    module: 'github.com/dapr/dapr',
    version: 'v1.14.0',
    sum: 'h1:SIQsNX1kH31JRDIS4k8IZ6eomM/BAcOP844PhQIT+BQ=',
    charts: ['charts/dapr'],
  },
  {
    module: 'github.com/cert-manager/trust-manager',
    version: 'v0.25.0',
    sum: 'h1:nGtkHH9wEacI5uACdsq8wqCKWsCw1PMrwHPJcrUFUXA=',
    charts: ['deploy/charts/trust-manager'],
  },
  {
    module: 'github.com/kyverno/kyverno',
    version: 'v1.19.1',
    sum: 'h1:/MkgFii3/VlQfKR1JpC9tVwNNVNQTt2S4U6qCsafsTU=',
    charts: ['charts/kyverno-policies'],
  },
];

/** A chart of a module; `folder` fetches it the first time. */
export interface ModuleChart {
  readonly name: string;
  /** Module and version, for reports. */
  readonly origin: string;
  readonly folder: () => Promise<string>;
}

/** All charts that come from modules. */
export const MODULE_CHARTS: readonly ModuleChart[] = MODULES.flatMap((from) =>
  from.charts.map((chart) => ({
    name: basename(chart),
    origin: `${from.module}@${from.version}`,
    folder: () => folderOf(from, chart),
  })),
);

/** The chart's folder in the cache beside the other tools; a whole one, or none. */
async function folderOf(from: ChartModule, chart: string): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tenantry', 'charts');
  const kept = join(cache, sha256(`${from.module}@${from.version} ${from.sum}`).slice(0, 16), chart);
  if (existsSync(kept)) return kept;
  const draft = join(cache, `draft-${randomUUID()}`);
  await copyFolder(join(await download(from), chart), draft);
  await mkdir(join(kept, '..'), { recursive: true });
  // Who comes second finds the same chart already there.
  await rename(draft, kept).catch(async (error: unknown) => {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(kept)) throw error;
  });
  return kept;
}

/** Lets Go fetch the module, checked against the sum database and against our own sum; answers where it lies. */
async function download({ module, version, sum }: ChartModule): Promise<string> {
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', `${module}@${version}`], {
    cwd: tmpdir(),
    env: { ...process.env, GOFLAGS: '', GOWORK: 'off' },
    maxBuffer: 1_048_576,
  });
  // What `go help mod download` says of -json.
  const found = JSON.parse(stdout) as { Dir: string; Sum: string };
  if (found.Sum !== sum)
    throw new Error(`${module}@${version} has the sum ${found.Sum}, expected was ${sum}`);
  return found.Dir;
}

async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    await (entry.isDirectory() ? copyFolder(source, target) : copyFile(source, target));
  }
}
