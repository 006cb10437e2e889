import { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isJsonMap, type Json } from '../kube/object.ts';
import { UserError, type CliIo } from './cli-io.ts';
import { DEFAULT_NAMESPACE, withClient, type Connection } from './connect.ts';
import { localEngine } from './local-engine.ts';
import { packageRoot, readVersion } from './package-root.ts';
import { setValue } from './set-value.ts';

/** The release's name when none is given. */
export const DEFAULT_RELEASE = 'tenantry';
const DEFAULT_WAIT_SECONDS = 180;

interface InstallFlags {
  readonly namespace: string;
  readonly kubeconfig?: string;
  readonly name: string;
  readonly image?: string;
  readonly values: readonly string[];
  readonly set: readonly string[];
  readonly wait: boolean;
  readonly timeout: string;
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** `tenantry install`: installs or upgrades the operator, as a Helm release. */
export function installCommand(io: CliIo): Command {
  return new Command('install')
    .description('Install the operator into the cluster, or upgrade it')
    .option('-n, --namespace <namespace>', 'where the operator runs', DEFAULT_NAMESPACE)
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .option('--name <release>', 'name of the Helm release', DEFAULT_RELEASE)
    .option('--image <reference>', 'image of the operator, with its tag')
    .option('-f, --values <file>', 'YAML file with values of the chart (may be repeated)', collect, [])
    .option('--set <path=value>', 'one value, e.g. replicas=1 (may be repeated)', collect, [])
    .option('--no-wait', 'do not wait until the operator is ready')
    .option('--timeout <seconds>', 'how long to wait', String(DEFAULT_WAIT_SECONDS))
    .action(async (flags: InstallFlags) => {
      const values = await readValues(io, flags);
      await withClient(io, flags, (connection) => installInto(io, connection, { ...flags, values }));
      io.out(
        `\nTenantry is installed in ${flags.namespace}. Next: \`tenantry doctor\`, \`tenantry chart upload\`.\n`,
      );
    });
}

/** What an installation needs to be told; also used by `quickstart`. */
export interface InstallChoice {
  readonly namespace: string;
  readonly name: string;
  readonly values: Readonly<Record<string, Json>>;
  readonly wait: boolean;
  readonly timeout: string;
}

export async function installInto(
  io: CliIo,
  { client, discovery }: Connection,
  choice: InstallChoice,
): Promise<void> {
  const { chartFolderOf, installOperator } = await import('../features/installation/install.ts');
  const engine = localEngine(io);
  try {
    await installOperator({
      client,
      discovery,
      engine,
      clock: io.clock,
      progress: io.progress,
      signal: io.signal,
      chartFolder: chartFolderOf(packageRoot()),
      release: { name: choice.name, namespace: choice.namespace },
      values: choice.values,
      version: await readVersion(),
      waitMs: choice.wait ? secondsOf(choice.timeout) * 1000 : 0,
    });
  } finally {
    await engine.close();
  }
}

/** Positive whole seconds, or a UserError. */
export function secondsOf(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds > 0) return seconds;
  throw new UserError(
    `--timeout: ${text} is not a number of seconds`,
    'Give a positive whole number, e.g. --timeout 120.',
  );
}

async function readValues(io: CliIo, flags: InstallFlags): Promise<Readonly<Record<string, Json>>> {
  const { parseYaml } = await import('../kube/yaml.ts');
  let values: Readonly<Record<string, Json>> = {};
  for (const file of flags.values) {
    const parsed = parseYaml(await readValuesFile(resolve(io.cwd, file)));
    if (!isJsonMap(parsed))
      throw new UserError(
        `--values ${file}: not a map of values`,
        'The file must look like the chart’s values.yaml.',
      );
    values = { ...values, ...parsed };
  }
  for (const assignment of flags.set) values = setValue(values, assignment);
  return flags.image === undefined ? values : { ...values, image: imageValues(values['image'], flags.image) };
}

async function readValuesFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`--values: ${file} can't be read`, 'Check the path.', { cause: error });
  }
}

/** Splits `registry:5000/name:tag` at the tag and keeps whatever else the values say of the image. */
export function imageValues(before: Json | undefined, reference: string): Json {
  const colon = reference.lastIndexOf(':');
  if (colon < 0 || colon < reference.lastIndexOf('/'))
    throw new UserError(
      `--image: ${reference} has no tag`,
      'Name a tag, e.g. registry.example.com/tenantry:0.1.0.',
    );
  return {
    ...(isJsonMap(before) ? before : {}),
    repository: reference.slice(0, colon),
    tag: reference.slice(colon + 1),
  };
}
