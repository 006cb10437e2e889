import { Command } from 'commander';
import type { Instance } from '../api/instance.ts';
import { INSTANCE_UID_LABEL } from '../api/names.ts';
import type { Client } from '../client/client.ts';
import { NAMESPACE } from '../kube/builtin-kinds.ts';
import type { Kind } from '../kube/kind.ts';
import { deepEqual } from '../lib/deep-equal.ts';
import { UserError, type CliIo } from './cli-io.ts';
import { DEFAULT_NAMESPACE, withClient, type Connection } from './connect.ts';
import { secondsOf } from './option-checks.ts';
import type { FoundRelease } from './adopt/find-release.ts';
import type { WantedQuestion } from './adopt/wanted-release.ts';

/** Seconds until an instance that took a release over must be ready: nothing of it starts anew. */
const DEFAULT_WAIT_SECONDS = 120;

interface Flags {
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly release?: string;
  readonly operatorNamespace: string;
  readonly dryRun?: true;
  readonly undo?: true;
  readonly timeout: number;
}

/** `tenantry adopt`: a Helm release that is there becomes an instance of a service, where it stands. */
export function adoptReleaseCommand(io: CliIo): Command {
  return new Command('adopt')
    .description('Take an existing Helm release over as an instance, without restarting what runs')
    .argument('<kind>', 'kind of the service, e.g. WordpressService')
    .argument('<release-namespace>', 'namespace that holds the release, and nothing else')
    .option('--release <name>', 'name of the release (default: the one that is there)')
    .option('--name <name>', "name of the instance (default: the namespace's)")
    .option('-n, --namespace <namespace>', 'namespace of the instance (default: where the operator runs)')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--undo', 'give a release back that was taken over: it runs on as one of Helm’s')
    .option('--operator-namespace <namespace>', 'where the operator runs', DEFAULT_NAMESPACE)
    .option(
      '--timeout <seconds>',
      'how long to wait until the instance is ready',
      secondsOf,
      DEFAULT_WAIT_SECONDS,
    )
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .action(async (word: string, from: string, flags: Flags) => {
      await withClient(io, flags, async (connection) => {
        const { serviceKindsCalled } = await import('../features/application/find-application.ts');
        const [kind] = serviceKindsCalled(await connection.discovery.resources(), word);
        if (kind === undefined) throw new Error(`${word}: found and not found`);
        const asked = { io, connection, kind, from, flags };
        await (flags.undo === true ? undo(asked) : adopt(asked));
      });
    });
}

interface Asked {
  readonly io: CliIo;
  readonly connection: Connection;
  readonly kind: Kind<Instance>;
  /** Namespace of the release. */
  readonly from: string;
  readonly flags: Flags;
}

function refOf({ from, flags }: Asked): { readonly namespace: string; readonly name: string } {
  return { namespace: flags.namespace ?? flags.operatorNamespace, name: flags.name ?? from };
}

async function adopt(asked: Asked): Promise<void> {
  const { io, connection, kind, from, flags } = asked;
  const { findRelease } = await import('./adopt/find-release.ts');
  const { instanceFor, wantedRelease } = await import('./adopt/wanted-release.ts');
  const { localEngine } = await import('./local-engine.ts');
  const { client } = connection;
  const ref = refOf(asked);
  const live = await client.find(kind, ref);
  if (live?.tenantry?.adopted?.namespace === from && (await isHandedOver(client, from, live)))
    return untilReady(asked);
  const found = await findRelease(client, from, flags.release);
  const fresh = instanceFor(kind, ref.name, ref.namespace, found.record);
  const instance =
    live === undefined ? fresh : { ...live, tenantry: { ...live.tenantry, ...fresh.tenantry } };
  const engine = localEngine({ clock: io.clock });
  try {
    const question = await questionOf(asked, engine, found);
    await show(asked, found, await wantedRelease(instance, question), question);
    await store(client, kind, live, instance, true);
    if (flags.dryRun === true) {
      io.out('\nNothing was changed: this was a dry run.\n');
      return;
    }
    const stored = await store(client, kind, live, instance, false);
    const { handOver } = await import('./adopt/hand-over.ts');
    const wanted = await wantedRelease(stored, question);
    await io.progress.step(`hand over namespace ${from}`, () => handOver(client, found, wanted));
  } finally {
    await engine.close();
  }
  await untilReady(asked);
}

/** Broken off while it waited, or done: the rest is the operator's. */
async function isHandedOver(client: Client, name: string, { metadata }: Instance): Promise<boolean> {
  const namespace = await client.find(NAMESPACE, { name });
  return namespace?.metadata.labels?.[INSTANCE_UID_LABEL] === metadata.uid;
}

async function questionOf(
  { io, connection, kind, flags }: Asked,
  engine: WantedQuestion['engine'],
  { record }: FoundRelease,
): Promise<WantedQuestion> {
  const { currentRevision } = await import('./adopt/find-service.ts');
  const { operatorNamespace } = flags;
  const { client, discovery } = connection;
  const revision = await currentRevision(client, kind, operatorNamespace);
  return {
    client,
    discovery,
    engine,
    clock: io.clock,
    signal: io.signal,
    operatorNamespace,
    kind,
    revision,
    record,
  };
}

/** Prints what would change; throws UserError where whoever asks may not do it. */
async function show(
  asked: Asked,
  found: FoundRelease,
  wanted: Awaited<ReturnType<typeof import('./adopt/wanted-release.ts').wantedRelease>>,
  { revision }: WantedQuestion,
): Promise<void> {
  const { io, connection, kind, from, flags } = asked;
  const { describePreview } = await import('./adopt/describe.ts');
  const { lackingRights } = await import('./adopt/rights.ts');
  const { previewAdoption } = await import('./adopt/preview.ts');
  const { client, discovery } = connection;
  const instances = { kind, namespace: refOf(asked).namespace };
  const lacking = await lackingRights(client, from, instances, [
    ...wanted.release.objects,
    ...wanted.policies,
  ]);
  if (lacking.length > 0)
    throw new UserError(
      `you may not hand over namespace ${from}: you lack ${lacking.join(', ')}`,
      'Ask the cluster’s owner, or have him do it: who gives a namespace away must have its rights himself.',
    );
  const resources = await discovery.resources();
  const preview = await previewAdoption(client, resources, found, wanted, revision.spec.policies);
  io.out(describePreview(found, wanted, preview));
  const refused = preview.objects.filter((one) => one.refused !== undefined);
  if (refused.length > 0 && flags.dryRun !== true)
    throw new UserError(
      `the cluster would refuse ${refused.map(({ kind: { kind: one }, name }) => `${one} ${name}`).join(', ')}`,
      'Correct what the preview names, with `helm upgrade` or in the composition.',
    );
}

/** Writes the instance, or asks whether it could be written. Values that the kind does not know must not get lost. */
async function store(
  client: Client,
  kind: Kind<Instance>,
  live: Instance | undefined,
  instance: Instance,
  dryRun: boolean,
): Promise<Instance> {
  const { tenantry } = instance;
  const stored =
    live === undefined
      ? await client.create(kind, instance, { dryRun })
      : await client.patch(kind, live.metadata, { type: 'merge', body: { tenantry } }, { dryRun });
  if (deepEqual(stored.spec ?? {}, instance.spec ?? {})) return stored;
  throw new UserError(
    `${kind.kind} does not know all values of the release: what it would keep is ${JSON.stringify(Object.keys(stored.spec ?? {}))}`,
    'Register a chart that has them, or take them out with `helm upgrade` before.',
  );
}

async function untilReady(asked: Asked): Promise<void> {
  const { io, connection, kind, flags } = asked;
  const { waitReady } = await import('./wait-ready.ts');
  const ref = refOf(asked);
  const { client } = connection;
  const around = { client, clock: io.clock, signal: io.signal, timeoutMs: flags.timeout * 1000 };
  await io.progress.step(`${kind.kind} ${ref.namespace}/${ref.name} Ready`, (note) =>
    waitReady(kind, ref, { ...around, note }),
  );
}

async function undo(asked: Asked): Promise<void> {
  const { io, connection, kind, from } = asked;
  const { undoAdoption } = await import('./adopt/undo.ts');
  const ref = refOf(asked);
  const instance = await connection.client.find(kind, ref);
  if (instance?.tenantry?.adopted?.namespace !== from)
    throw new UserError(
      `there is no ${kind.kind} ${ref.namespace}/${ref.name} that took over namespace ${from}`,
      `Look at \`kubectl get ${kind.plural} -A\`; --name and -n say which instance is meant.`,
    );
  await undoAdoption(connection.client, kind, instance);
  io.out(
    `Namespace ${from} is the instance's no more; release ${instance.tenantry.adopted.release} runs on there. \`helm\` goes on with it.\n`,
  );
}
