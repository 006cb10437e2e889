import { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Installed } from '../features/installation/install.ts';
import { isJsonMap, type Json } from '../kube/object.ts';
import { parseYaml, YamlError } from '../kube/yaml.ts';
import { WrongOption } from '../lib/wrong-option.ts';
import type { CliIo } from './cli-io.ts';
import { DEFAULT_NAMESPACE, withClient, type Connection } from './connect.ts';
import { localEngine } from './local-engine.ts';
import { checkNamespace, checkRelease, secondsOf, splitImage } from './option-checks.ts';
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
  readonly resetValues?: boolean;
  readonly wait: boolean;
  readonly timeout: number;
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** `tenantry install`: installs or upgrades the operator, as a Helm release. */
export function installCommand(io: CliIo): Command {
  return new Command('install')
    .description('Install the operator into the cluster, or upgrade it')
    .option('-n, --namespace <namespace>', 'where the operator runs', checkNamespace, DEFAULT_NAMESPACE)
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .option('--name <release>', 'name of the Helm release', checkRelease, DEFAULT_RELEASE)
    .option('--image <reference>', 'image of the operator, with its tag')
    .option('-f, --values <file>', 'YAML file with values of the chart (may be repeated)', collect, [])
    .option('--set <path=value>', 'one value, e.g. replicas=1 (may be repeated)', collect, [])
    .option('--reset-values', 'forget the values of the installation before, which hold otherwise')
    .option('--no-wait', 'do not wait until the operator is ready')
    .option('--timeout <seconds>', 'how long to wait', secondsOf, DEFAULT_WAIT_SECONDS)
    .action(async (flags: InstallFlags) => {
      const values = await readValues(io, flags);
      const keepValues = flags.resetValues !== true;
      const { joined, kept } = await withClient(io, flags, (connection) =>
        installInto(io, connection, { ...flags, values, keepValues }),
      );
      if (kept.length > 0)
        io.out(`Values kept from before: ${kept.join(', ')}. --reset-values forgets them.\n`);
      io.out(
        joined === undefined
          ? `\nTenantry is installed in ${flags.namespace}. Next: \`tenantry doctor\`, \`tenantry chart upload\`.\n`
          : `\nThis cluster has an operator already, in namespace ${joined}: ${flags.namespace} joins it. Next: \`tenantry chart upload -n ${flags.namespace}\`.\n`,
      );
    });
}

/** What an installation needs to be told; also used by `quickstart`. */
export interface InstallChoice {
  readonly namespace: string;
  readonly name: string;
  readonly values: Readonly<Record<string, Json>>;
  /** Whether what was said at the installation before holds where `values` says nothing; false unless given. */
  readonly keepValues?: boolean;
  readonly wait: boolean;
  /** Seconds. */
  readonly timeout: number;
}

export async function installInto(
  io: CliIo,
  { client, discovery }: Pick<Connection, 'client' | 'discovery'>,
  choice: InstallChoice,
): Promise<Installed> {
  const { chartFolderOf, installOperator } = await import('../features/installation/install.ts');
  const engine = localEngine(io);
  try {
    return await installOperator({
      client,
      discovery,
      engine,
      clock: io.clock,
      progress: io.progress,
      signal: io.signal,
      chartFolder: chartFolderOf(packageRoot()),
      release: { name: choice.name, namespace: choice.namespace },
      values: choice.values,
      keepValues: choice.keepValues ?? false,
      version: await readVersion(),
      waitMs: choice.wait ? choice.timeout * 1000 : 0,
    });
  } finally {
    await engine.close();
  }
}

async function readValues(io: CliIo, flags: InstallFlags): Promise<Readonly<Record<string, Json>>> {
  let values: Readonly<Record<string, Json>> = {};
  for (const file of flags.values) {
    const text = await readValuesFile(resolve(io.cwd, file));
    const parsed = sayingWhere(`--values ${file}`, () => parseYaml(text)) ?? {};
    if (!isJsonMap(parsed)) throw new WrongOption(`--values ${file}: not a map of values`, LIKE_VALUES);
    values = { ...values, ...parsed };
  }
  for (const assignment of flags.set)
    values = sayingWhere(`--set ${assignment}`, () => setValue(values, assignment));
  return flags.image === undefined ? values : { ...values, image: imageValues(values['image'], flags.image) };
}

const LIKE_VALUES = 'It must look like the chart’s values.yaml.';

/** Reads values, and says of YAML that is none where it stands. */
function sayingWhere<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof YamlError)
      throw new WrongOption(`${where}: ${error.message}`, LIKE_VALUES, { cause: error });
    throw error;
  }
}

async function readValuesFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new WrongOption(`--values: ${file} can't be read`, 'Check the path.', { cause: error });
  }
}

/** Splits `registry:5000/name:tag` at the tag and keeps whatever else the values say of the image. */
export function imageValues(before: Json | undefined, reference: string): Json {
  return { ...(isJsonMap(before) ? before : {}), ...splitImage(reference) };
}
