import type { Instance } from '../../api/instance.ts';
import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import type { Client } from '../../client/client.ts';
import { NAMESPACE } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import type { Connection } from '../connect.ts';
import type { FoundRelease } from './find-release.ts';
import type { WantedQuestion } from './wanted-release.ts';

/** One release that is to become one instance. */
export interface Asked {
  readonly io: CliIo;
  readonly connection: Connection;
  readonly kind: Kind<Instance>;
  /** The instance, which may be there already. */
  readonly ref: { readonly namespace: string; readonly name: string };
  /** Namespace of the release. */
  readonly from: string;
  readonly flags: AdoptFlags;
}

/** What was typed, as far as one release is concerned. */
export interface AdoptFlags {
  readonly release?: string;
  readonly operatorNamespace: string;
  readonly dryRun?: true;
  readonly timeout: number;
}

/** Shows what would change and, unless it is a dry run, does it and waits. Throws UserError where it can't be done. */
export async function adoptRelease(asked: Asked): Promise<void> {
  const { io, connection, kind, ref, from, flags } = asked;
  const { findRelease } = await import('./find-release.ts');
  const { instanceFor, wantedRelease } = await import('./wanted-release.ts');
  const { localEngine } = await import('../local-engine.ts');
  const { client } = connection;
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
    const { handOver } = await import('./hand-over.ts');
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
  const { currentRevision } = await import('./find-service.ts');
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
  wanted: Awaited<ReturnType<typeof import('./wanted-release.ts').wantedRelease>>,
  { revision }: WantedQuestion,
): Promise<void> {
  const { io, connection, kind, ref, from, flags } = asked;
  const { describePreview } = await import('./describe.ts');
  const { lackingRights } = await import('./rights.ts');
  const { previewAdoption } = await import('./preview.ts');
  const { client, discovery } = connection;
  const instances = { kind, namespace: ref.namespace };
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
  const { io, connection, kind, ref, flags } = asked;
  const { waitReady } = await import('../wait-ready.ts');
  const { client } = connection;
  const around = { client, clock: io.clock, signal: io.signal, timeoutMs: flags.timeout * 1000 };
  await io.progress.step(`${kind.kind} ${ref.namespace}/${ref.name} Ready`, (note) =>
    waitReady(kind, ref, { ...around, note }),
  );
}
