import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { JsonObject } from '../../api/json-schema.ts';
import { mergeKubeconfigs, parseKubeconfig, type Kubeconfig } from '../../client/kubeconfig.ts';
import { SECRET } from '../../kube/builtin-kinds.ts';
import type { Json } from '../../kube/object.ts';
import { WrongOption } from '../../lib/wrong-option.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import { DEFAULT_NAMESPACE } from '../connect.ts';
import { secondsOf } from '../option-checks.ts';
import { refuseForeign, textOf } from './contexts.ts';
import {
  createObject,
  DEFAULT_WAIT_SECONDS,
  hooksOf,
  switchWhenReady,
  withHookFlags,
  type HookFlags,
} from './create-plane.ts';
import { readKubeFiles } from './edit-kubeconfig.ts';
import {
  filesAround,
  tellingBeside,
  withHosting,
  type Hosting,
  type KflexFlags,
} from './hosting-connection.ts';

/** Seconds: a year, as in KubeFlex. */
const DEFAULT_EXPIRATION = 31_536_000;
/** Key of the kubeconfig in the bootstrap Secret, as in KubeFlex. */
const BOOTSTRAP_KEY = 'kubeconfig-incluster';

interface AdoptFlags extends KflexFlags, HookFlags {
  readonly adoptedKubeconfig?: string;
  readonly adoptedContext?: string;
  readonly urlOverride?: string;
  readonly expirationSeconds: number;
  readonly namespace: string;
  readonly wait: boolean;
  readonly timeout: number;
}

/** `kflex adopt`: a cluster that exists as a control plane of type external. */
export function adoptCommand(io: CliIo): Command {
  const command = new Command('adopt')
    .description('Take an existing cluster over as a control plane, and switch to it')
    .argument('<name>', 'name of the control plane')
    .option('-a, --adopted-kubeconfig <file>', 'kubeconfig of the cluster (default: the one in use)')
    .option('-c, --adopted-context <context>', 'its context in it (default: the current one)')
    .option('-u, --url-override <url>', 'address of its API server as the hosting cluster reaches it')
    .option('-x, --expiration-seconds <seconds>', 'life of its token', Number, DEFAULT_EXPIRATION)
    .option('-n, --namespace <namespace>', 'where the operator runs', DEFAULT_NAMESPACE)
    .option('--no-wait', 'do not wait until it is ready, and stay in this context')
    .option('--timeout <seconds>', 'how long to wait', secondsOf, DEFAULT_WAIT_SECONDS);
  return withHookFlags(command).action(async (name: string, _flags: unknown, self: Command) => {
    const flags = self.optsWithGlobals<AdoptFlags>();
    await adopt(tellingBeside(io, flags), name, flags);
  });
}

async function adopt(io: CliIo, name: string, flags: AdoptFlags): Promise<void> {
  const hooks = hooksOf(flags);
  if (!Number.isSafeInteger(flags.expirationSeconds) || flags.expirationSeconds < 1)
    throw new WrongOption('--expiration-seconds is no number of seconds', 'Give a whole number, e.g. 86400.');
  const kubeconfig = await adoptedKubeconfig(io, flags);
  refuseForeign(await readKubeFiles({ kubeconfig: flags.kubeconfig }, filesAround(io)), name);
  await withHosting(io, flags, async (hosting) => {
    const secret = { namespace: flags.namespace, name: `${name}-bootstrap` };
    await writeBootstrap(hosting, secret, kubeconfig);
    await createObject(hosting, name, {
      type: 'external',
      bootstrapSecretRef: { ...secret, inClusterKey: BOOTSTRAP_KEY },
      tokenExpirationSeconds: flags.expirationSeconds,
      ...hooks,
    });
    if (flags.wait) await switchWhenReady(io, hosting, name, flags);
    else io.out(`Control plane ${name} is being taken over: \`kflex ctx ${name}\` switches to it.\n`);
  });
}

async function writeBootstrap(
  { client }: Hosting,
  ref: { readonly namespace: string; readonly name: string },
  kubeconfig: JsonObject,
): Promise<void> {
  const object = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: ref,
    data: { [BOOTSTRAP_KEY]: Buffer.from(JSON.stringify(kubeconfig)).toString('base64') },
  };
  await client.apply(SECRET, object, { fieldManager: 'kflex', force: true });
}

/** No context was named and none is in use, or it is not one that leads anywhere. */
function wrongContext(chosen: string, contexts: readonly string[]): WrongOption {
  if (contexts.length === 0)
    return new WrongOption(
      'the kubeconfig has no contexts',
      'Name the kubeconfig of the cluster by --adopted-kubeconfig.',
    );
  const names = contexts.join(', ');
  return chosen === ''
    ? new WrongOption('the kubeconfig has no current context', `Name one by --adopted-context: ${names}.`)
    : new WrongOption(
        `--adopted-context is "${chosen}", and the kubeconfig has no such context with a cluster and a user`,
        `Name one of these: ${names}.`,
      );
}

/** One context of a kubeconfig with everything embedded: the hosting cluster has neither the files nor the programs of this machine. */
async function adoptedKubeconfig(io: CliIo, flags: AdoptFlags): Promise<JsonObject> {
  const place = { kubeconfig: flags.adoptedKubeconfig ?? flags.kubeconfig };
  const files = await readKubeFiles(place, filesAround(io));
  const configs = files.map(({ path, content }) => parseKubeconfig(JSON.stringify(content), resolve(path)));
  const config = mergeKubeconfigs(configs);
  const chosen = flags.adoptedContext ?? config.currentContext;
  const context = config.contexts.get(chosen);
  const cluster = config.clusters.get(textOf(context?.['cluster']));
  const user = config.users.get(textOf(context?.['user']));
  if (context === undefined || cluster === undefined || user === undefined)
    throw wrongContext(chosen, [...config.contexts.keys()]);
  const server = flags.urlOverride ?? textOf(cluster['server']);
  refuseLocal(server, flags.urlOverride !== undefined);
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'adopted',
    contexts: [{ name: 'adopted', context: { cluster: 'adopted', user: 'adopted' } }],
    clusters: [{ name: 'adopted', cluster: { ...(await embedded(cluster)), server } }],
    users: [{ name: 'adopted', user: await embedded(user) }],
  };
}

/** Fields that name a file, and those that hold its content. */
const EMBED: Readonly<Record<string, string>> = {
  'certificate-authority': 'certificate-authority-data',
  'client-certificate': 'client-certificate-data',
  'client-key': 'client-key-data',
};

async function embedded(entry: NonNullable<ReturnType<Kubeconfig['users']['get']>>): Promise<JsonObject> {
  if (entry['exec'] !== undefined || entry['auth-provider'] !== undefined)
    throw new UserError(
      'the adopted context gets its credential from a program, which the hosting cluster does not have',
      'Give a kubeconfig with a token or a client certificate: `kubectl create token` makes one.',
    );
  const result: Record<string, Json> = {};
  for (const [field, value] of Object.entries(entry)) {
    const into = EMBED[field];
    if (field === 'extensions') continue;
    if (field === 'tokenFile') result['token'] = (await readFile(textOf(value), 'utf8')).trim();
    else if (into === undefined) result[field] = value;
    else result[into] ??= (await readFile(textOf(value))).toString('base64');
  }
  return result;
}

/** An address of this machine is the pod's own where the operator looks for the cluster. */
function refuseLocal(server: string, isOverride: boolean): void {
  const host = URL.canParse(server) ? new URL(server).hostname : undefined;
  if (host === undefined)
    throw new WrongOption(
      `the address of the API server is "${server}", which is no URL`,
      'Give --url-override https://HOST:PORT.',
    );
  const isLocal =
    host === 'localhost' || host.endsWith('.localhost') || host.startsWith('127.') || host === '[::1]';
  if (!isLocal) return;
  throw new WrongOption(
    `${server} is an address of this machine: the hosting cluster can't reach the API server there`,
    isOverride ? 'Give another --url-override.' : 'Give --url-override with an address that its pods reach.',
  );
}
