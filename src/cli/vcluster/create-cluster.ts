import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { isJsonObject, type JsonObject } from '../../api/json-schema.ts';
import {
  VIRTUAL_CLUSTER,
  virtualClusterNameProblem,
  type VirtualCluster,
} from '../../api/virtual-cluster.ts';
import { mergeValues } from '../../helm/merge-values.ts';
import { LIMIT_RANGE, NAMESPACE, RESOURCE_QUOTA } from '../../kube/builtin-kinds.ts';
import type { Client } from '../../client/client.ts';
import { apiVersionOf, type Kind, type ObjectRef } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { KubeObject, OwnerReference } from '../../kube/object.ts';
import { parseYaml, YamlError } from '../../kube/yaml.ts';
import { WrongOption } from '../../lib/wrong-option.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import { secondsOf } from '../option-checks.ts';
import { setValue } from '../set-value.ts';
import { connectTo, KUBECONFIG_FILE, withWayFlags, type ConnectFlags } from './connect-cluster.ts';
import { goSwitch, refuseFlags } from './go-flags.ts';
import { placeOf, searchCluster, tellingBeside, withHost, type Host } from './host.ts';
import { CREATED_ANNOTATION } from './marks.ts';
import { DEFAULT_WAIT_SECONDS, resume } from './pause-cluster.ts';
import { readVclusterValues, type ReadValues } from './values/read-values.ts';

interface CreateFlags extends ConnectFlags {
  readonly values: readonly string[];
  readonly set: readonly string[];
  readonly upgrade: boolean;
  readonly connect: boolean;
  readonly createNamespace: boolean;
  readonly expose: boolean;
  readonly timeout: number;
}

const NO_CHART = 'there is no chart to choose: values are read by this program';
const NO_PLATFORM = 'there is no platform';
const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** `vcluster create`: a virtual cluster with what its values ask for, waited for, and connected to. */
export function createCommand(io: CliIo): Command {
  const command = new Command('create')
    .description('Create a virtual cluster and connect to it')
    .argument('<name>', 'name of the virtual cluster')
    .option(
      '-f, --values <file>',
      'vcluster.yaml, or values of its older charts (may be repeated)',
      collect,
      [],
    )
    .option('--set <path=value>', 'one value (may be repeated)', collect, [])
    .addOption(goSwitch('--upgrade', 'change it if it is there already', false))
    .addOption(goSwitch('--connect', 'connect to it once it is ready', true))
    .addOption(goSwitch('--create-namespace', 'make the namespace if there is none', true))
    .addOption(
      goSwitch('--expose', 'give it an address of its own, by a Service of type LoadBalancer', false),
    )
    .addOption(goSwitch('--print', 'print the kubeconfig to stdout', false))
    .addOption(goSwitch('--update-current', 'write to the current kubeconfig and switch to it', true))
    .option('--timeout <seconds>', 'how long to wait', secondsOf, DEFAULT_WAIT_SECONDS);
  withWayFlags(command);
  refuseFlags(command, {
    'chart-version': NO_CHART,
    'chart-name': NO_CHART,
    'chart-repo': NO_CHART,
    'local-chart-dir': NO_CHART,
    'expose-local': 'say --expose, or the type of its Service in the values',
    restore: 'snapshots are not there yet',
    'snapshot-temp-dir': 'snapshots are not there yet',
    add: NO_PLATFORM,
    cluster: NO_PLATFORM,
    template: NO_PLATFORM,
    'template-version': NO_PLATFORM,
    params: NO_PLATFORM,
    team: NO_PLATFORM,
    user: NO_PLATFORM,
    'display-name': NO_PLATFORM,
    description: NO_PLATFORM,
    labels: NO_PLATFORM,
    annotations: NO_PLATFORM,
  });
  return command.action(async (name: string, _flags: unknown, self: Command) => {
    const problem = virtualClusterNameProblem(name);
    if (problem !== undefined) throw new WrongOption(`<name> is "${name}"`, `A name has ${problem}.`);
    const flags = { ...self.optsWithGlobals<CreateFlags>(), kubeConfig: KUBECONFIG_FILE };
    const wanted = readWanted(await readFiles(io, flags), flags);
    for (const note of wanted.notes) io.err(`note: ${note}\n`);
    const told = tellingBeside(io, flags);
    await withHost(told, flags, async (host) => {
      const cluster = await createOrChange(host, name, wanted, flags);
      const place = placeOf(cluster);
      await resume(told, host, cluster, flags.timeout);
      io.out(`Successfully created virtual cluster ${name} in namespace ${place.namespace}\n`);
      if (flags.connect || flags.print)
        await connectTo(io, host, { name, words: [] }, { ...flags, namespace: place.namespace });
    });
  });
}

async function readFiles(io: CliIo, { values, set }: CreateFlags): Promise<JsonObject> {
  let all: JsonObject = {};
  for (const file of values) {
    const text = await readFile(resolve(io.cwd, file), 'utf8').catch((cause: unknown) => {
      throw new WrongOption(`--values ${file} can't be read`, 'Check the path.', { cause });
    });
    all = mergeValues(all, parsed(text, file));
  }
  for (const assignment of set) all = mergeValues(all, setValue({}, assignment));
  return all;
}

function parsed(text: string, file: string): JsonObject {
  try {
    const value = parseYaml(text) ?? {};
    if (isJsonObject(value)) return value;
  } catch (cause) {
    if (!(cause instanceof YamlError)) throw cause;
    throw new WrongOption(`--values ${file}: ${cause.message}`, 'It must look like vcluster.yaml.', {
      cause,
    });
  }
  throw new WrongOption(`--values ${file}: not a map of values`, 'It must look like vcluster.yaml.');
}

/** What values come to. Throws WrongOption with everything that can't be had. */
function readWanted(values: JsonObject, { expose }: Pick<CreateFlags, 'expose'>): ReadValues {
  const wanted = readVclusterValues(values);
  if (wanted.findings.length > 0)
    throw new WrongOption(
      `the values ask for what can't be had:\n  ${wanted.findings.join('\n  ')}`,
      'Take these keys out; the page on values of virtual clusters lists what every key means.',
    );
  return expose ? { ...wanted, spec: { ...wanted.spec, exposure: 'LoadBalancer' } } : wanted;
}

async function createOrChange(
  host: Host,
  name: string,
  wanted: ReadValues,
  flags: CreateFlags,
): Promise<VirtualCluster> {
  const namespace = flags.namespace ?? `vcluster-${name}`;
  const { client } = host;
  const before = await searchCluster(host, name, { ...flags, namespace });
  if (before !== undefined && !flags.upgrade)
    throw new UserError(
      `virtual cluster ${name} is there already in namespace ${namespace}`,
      `Change it: \`vcluster create ${name} --upgrade\`. Connect to it: \`vcluster connect ${name}\`.`,
    );
  if (before === undefined && flags.createNamespace) await ensureNamespace(host, namespace);
  const metadata = { name, namespace };
  const object = {
    apiVersion: apiVersionOf(VIRTUAL_CLUSTER),
    kind: VIRTUAL_CLUSTER.kind,
    metadata,
    spec: wanted.spec,
  };
  const made =
    before === undefined
      ? await client.create(VIRTUAL_CLUSTER, object)
      : await client.apply(VIRTUAL_CLUSTER, object);
  await writePolicies(host, made, wanted);
  return made;
}

async function ensureNamespace({ client }: Host, name: string): Promise<void> {
  const annotations = { [CREATED_ANNOTATION]: 'true' };
  try {
    await client.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, annotations } });
  } catch (error) {
    // Who may make no namespaces was given one.
    if (!isKubeError(error, 'AlreadyExists') && !isKubeError(error, 'Forbidden')) throw error;
  }
}

/** ResourceQuota and LimitRange of the namespace, which go with the virtual cluster; those of before that values do not name go now. */
async function writePolicies(
  { client }: Host,
  cluster: VirtualCluster,
  { quota, limits }: ReadValues,
): Promise<void> {
  const { namespace, name } = placeOf(cluster);
  const ref = { namespace, name: `vc-${name}` };
  const owner: OwnerReference = {
    apiVersion: apiVersionOf(VIRTUAL_CLUSTER),
    kind: VIRTUAL_CLUSTER.kind,
    name,
    uid: cluster.metadata.uid ?? '',
  };
  const metadata = (marks: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  }) => ({
    ...ref,
    labels: { app: 'vcluster', release: name, ...marks.labels },
    ...(marks.annotations === undefined ? {} : { annotations: marks.annotations }),
    ownerReferences: [owner],
  });
  // Defaults first: a quota refuses pods that say nothing of what it counts.
  if (limits !== undefined)
    await client.apply(LIMIT_RANGE, {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: metadata(limits),
      spec: { limits: [...limits.spec.limits] },
    });
  if (quota !== undefined)
    await client.apply(RESOURCE_QUOTA, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: metadata(quota),
      spec: quota.spec,
    });
  if (quota === undefined) await dropPolicy(client, RESOURCE_QUOTA, ref, owner.uid);
  if (limits === undefined) await dropPolicy(client, LIMIT_RANGE, ref, owner.uid);
}

async function dropPolicy<T extends KubeObject>(
  client: Client,
  kind: Kind<T>,
  ref: ObjectRef,
  ownerUid: string,
): Promise<void> {
  const there = await client.find(kind, ref);
  const { uid, ownerReferences = [] } = there?.metadata ?? {};
  if (uid === undefined || !ownerReferences.some((one) => one.uid === ownerUid)) return;
  await client.delete(kind, ref, { uid });
}
