import type { Instance } from '../../src/api/instance.ts';
import type { Client, DeleteOptions, Patch } from '../../src/client/client.ts';
import { NAMESPACE } from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import { isKubeError } from '../../src/kube/kube-error.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { mapLimit } from '../../src/lib/limit.ts';
import { NS } from './bench-cluster.ts';
import { instanceOf } from './create-many.ts';
import { withFinalizer, type Call, type RecordedWrite, type Recording } from './record-writes.ts';
import { pause, waitFor } from './wait-for.ts';

/*
 * The raw stub: the writes that were recorded of one instance, made again for others over the same client, and nothing
 * else: no rendering, no watching, no admission, no deciding. What the API server can take, and so the yardstick.
 */

/** How long the stub took. */
export interface StubRun {
  readonly perSecond: number;
  readonly eachMs: readonly number[];
}

/** Waits of a write that was refused because the server's authoriser had not heard of the binding yet, in milliseconds. */
const GRANT_LAG = { first: 20, longest: 400, attempts: 10 };

const CLEANUPS_IN_FLIGHT = 16;
const REMOVED_WITHIN_MS = 300_000;

/** The recording as text once, so that nothing but replacing is done for each instance. */
interface Script {
  readonly name: string;
  readonly instanceUid: string;
  readonly writes: readonly RecordedWrite[];
  readonly stages: readonly (readonly { readonly write: RecordedWrite; readonly text: string }[])[];
}

/** Makes the recorded writes for instances of these names, so many at a time. Their objects are made before the clock starts. */
export async function runStub(
  client: Client,
  kind: Kind<Instance>,
  recording: Recording,
  { names, inFlight }: { readonly names: readonly string[]; readonly inFlight: number },
): Promise<StubRun> {
  const created = await mapLimit(names, 16, (name) =>
    client.create(kind, withFinalizer(instanceOf(kind, name))),
  );
  const script = scriptOf(recording);
  const begin = systemClock.monotonic();
  const eachMs = await mapLimit(created, inFlight, async ({ metadata }) => {
    const started = systemClock.monotonic();
    await replay(client, script, metadata.name, metadata.uid ?? '');
    return systemClock.monotonic() - started;
  });
  return { perSecond: (names.length * 1000) / (systemClock.monotonic() - begin), eachMs };
}

/** Takes away what the stub or the recording made, so that no operator takes it for instances of its own; resolves when it is gone. */
export async function removeStub(
  client: Client,
  kind: Kind<Instance>,
  names: readonly string[],
): Promise<void> {
  await mapLimit(names, CLEANUPS_IN_FLIGHT, async (name) => {
    const ref = { namespace: NS, name };
    await client.patch(kind, ref, { type: 'merge', body: { metadata: { finalizers: null } } });
    await client.delete(kind, ref);
    await client.delete(NAMESPACE, { name });
  });
  await waitFor('the namespaces of the stub are gone', REMOVED_WITHIN_MS, async () => {
    const { items } = await client.list(NAMESPACE);
    const present = new Set(items.map(({ metadata }) => metadata.name));
    return names.some((name) => present.has(name)) ? undefined : true;
  });
}

function scriptOf({ name, uid, writes }: Recording): Script {
  const last = Math.max(...writes.map(({ stage }) => stage));
  const stages = Array.from({ length: last + 1 }, (_, stage) =>
    writes
      .filter((write) => write.stage === stage)
      .map((write) => ({ write, text: textOf(write, [uid, ...uidsBefore(writes, stage)], writes) })),
  );
  return { name, instanceUid: uid, writes, stages };
}

function uidsBefore(writes: readonly RecordedWrite[], stage: number): readonly string[] {
  return writes.filter((write) => write.stage < stage).flatMap(({ uid }) => uid ?? []);
}

/** What stands for the version that a write was answered with: versions are numbers, which other text may hold, too. */
const versionMark = (at: number): string => `version-that-write-${at}-made`;

/** Without UIDs and versions of what was only read: the stub reads nothing. */
function textOf(
  { call, stage }: RecordedWrite,
  known: readonly string[],
  writes: readonly RecordedWrite[],
): string {
  return JSON.stringify(call, (key, value: unknown) => {
    if (key === 'uid' && typeof value === 'string' && !known.includes(value)) return undefined;
    if (key !== 'resourceVersion') return value;
    const at = writes.findIndex((write) => write.stage < stage && write.version === value);
    return at < 0 ? undefined : versionMark(at);
  });
}

async function replay(client: Client, script: Script, name: string, uid: string): Promise<void> {
  const answered = new Map([[script.instanceUid, uid]]);
  for (const stage of script.stages) {
    await Promise.all(
      stage.map(async ({ write, text }) => {
        const call = callFor(text, [[script.name, name], ...answered]);
        const actor = write.account === undefined ? client : client.as(write.account);
        const answer = await withGrantLag(() => send(actor, call));
        const { uid: made, resourceVersion } = answer?.metadata ?? {};
        if (write.uid !== undefined && made !== undefined) answered.set(write.uid, made);
        if (resourceVersion !== undefined)
          answered.set(versionMark(script.writes.indexOf(write)), resourceVersion);
      }),
    );
  }
}

/** The recorded call about another instance. */
function callFor(text: string, replacements: readonly (readonly [string, string])[]): Call {
  const replaced = replacements.reduce((all, [from, to]) => all.replaceAll(from, to), text);
  // The text is a Call that was written as JSON.
  return JSON.parse(replaced) as Call;
}

/** Bodies are those that the product gave to the same method. */
async function send(
  client: Client,
  { verb, kind, ref, body, options }: Call,
): Promise<KubeObject | undefined> {
  switch (verb) {
    case 'create':
      return client.create(kind, body as KubeObject, options);
    case 'apply':
      return client.apply(kind, body as KubeObject, options);
    case 'patch':
      return client.patch(kind, ref, body as Patch, options);
    case 'delete':
      return client.delete(kind, ref, body as DeleteOptions);
  }
}

async function withGrantLag<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1, wait = GRANT_LAG.first; ; attempt++, wait = Math.min(wait * 2, GRANT_LAG.longest)) {
    try {
      return await write();
    } catch (error) {
      if (!isKubeError(error, 'Forbidden') || attempt === GRANT_LAG.attempts) throw error;
      await pause(wait);
    }
  }
}
