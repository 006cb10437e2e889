import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Client } from '../../src/client/client.ts';
import { DEFAULT_RELEASE } from '../../src/cli/install.ts';
import { CRD, type CustomResourceDefinition } from '../../src/kube/builtin-kinds.ts';
import { parseManifests } from '../../src/kube/yaml.ts';
import { NS } from '../bench/bench-cluster.ts';
import { root, toolPath } from '../bench/programs.ts';
import { waitFor } from '../bench/wait-for.ts';
import type { Finding } from './judge.ts';

/** Whose definitions are the ones to satisfy. */
const OPERATOR = 'github.com/prometheus-operator/prometheus-operator@v0.85.0';
const PLURALS = {
  ServiceMonitor: 'servicemonitors',
  PodMonitor: 'podmonitors',
  PrometheusRule: 'prometheusrules',
};
/** Values that bring them; the first two exclude each other. */
const ENABLED = {
  ServiceMonitor: 'monitoring.serviceMonitor.enabled=true',
  PodMonitor: 'monitoring.podMonitor.enabled=true',
  PrometheusRule: 'monitoring.rules.enabled=true',
} as const;
type Monitor = keyof typeof ENABLED;

/** Whether an API server with the Prometheus operator's own definitions takes what our chart brings, each field of it. */
export async function monitorsTaken(client: Client): Promise<readonly Finding[]> {
  const definitions = readDefinitions();
  try {
    for (const definition of definitions) await client.create(CRD, definition);
    for (const { metadata } of definitions)
      await waitFor(`${metadata.name} is served`, 30_000, async () => {
        const { status } = await client.get(CRD, { name: metadata.name });
        const isServed = (status?.conditions ?? []).some(
          ({ type, status: is }) => type === 'Established' && is === 'True',
        );
        return isServed ? true : undefined;
      });
    const findings: Finding[] = [];
    // True: Object.keys of exactly these.
    for (const kind of Object.keys(ENABLED) as Monitor[]) findings.push(await taken(client, kind));
    return findings;
  } finally {
    for (const { metadata } of definitions) await client.delete(CRD, { name: metadata.name });
  }
}

/** The definitions as that operator's module brings them. */
function readDefinitions(): readonly CustomResourceDefinition[] {
  const { status, stdout, stderr } = spawnSync('go', ['mod', 'download', '-json', OPERATOR], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`go mod download ${OPERATOR}: ${stdout}${stderr}`);
  // By the contract of `go mod download -json`.
  const { Dir } = JSON.parse(stdout) as { readonly Dir: string };
  const folder = join(Dir, 'example/prometheus-operator-crd');
  const objects = Object.values(PLURALS).flatMap((plural) =>
    parseManifests(readFileSync(join(folder, `monitoring.coreos.com_${plural}.yaml`), 'utf8')),
  );
  // True: these files hold nothing else.
  return objects as readonly unknown[] as readonly CustomResourceDefinition[];
}

async function taken(client: Client, kind: Monitor): Promise<Finding> {
  const words = ['template', DEFAULT_RELEASE, join(root, 'deploy/chart'), '-n', NS, '--set', ENABLED[kind]];
  const { status, stdout, stderr } = spawnSync(toolPath('helm'), words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const body = parseManifests(stdout).find((object) => object.kind === kind);
  const path = `/apis/monitoring.coreos.com/v1/namespaces/${NS}/${PLURALS[kind]}?dryRun=All&fieldValidation=Strict`;
  const found = await client.raw({ method: 'POST', path, body }).then(
    () => 1,
    (error: unknown) => {
      process.stdout.write(`${kind}: ${String(error)}\n`);
      return 0;
    },
  );
  return {
    what: `${kind} taken by the Prometheus operator’s definition`,
    found,
    wanted: '1',
    holds: found === 1,
  };
}
