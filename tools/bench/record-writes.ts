import { FINALIZER } from '../../src/api/names.ts';
import type { Instance } from '../../src/api/instance.ts';
import { RESOURCE_COMPOSITION } from '../../src/api/resource-composition.ts';
import type { Client, PatchOptions, WriteOptions } from '../../src/client/client.ts';
import { createDiscovery } from '../../src/client/discovery.ts';
import { localEngine } from '../../src/cli/local-engine.ts';
import { instanceController } from '../../src/features/instance/controller.ts';
import { REVISION, revisionsOf } from '../../src/api/revision.ts';
import { EVENT } from '../../src/kube/builtin-kinds.ts';
import { groupKindOf, type Kind, type ObjectRef } from '../../src/kube/kind.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createManager } from '../../src/runtime/manager.ts';
import { NS } from './bench-cluster.ts';
import { instanceOf } from './create-many.ts';
import { followInstances } from './follow-instances.ts';
import { pause } from './wait-for.ts';

/** Who a write is made as, where it is not the operator itself. */
type Account = Parameters<Client['as']>[0] | undefined;

/** A write of the product as data: everything that is needed to make it again. */
export interface Call {
  readonly verb: 'create' | 'apply' | 'patch' | 'delete';
  readonly kind: Kind;
  readonly ref: ObjectRef;
  /** The object, the patch, or the options of a deletion. */
  readonly body: unknown;
  readonly options: WriteOptions & PatchOptions;
}

export interface RecordedWrite {
  /** Writes of one stage were made at the same time. */
  readonly stage: number;
  readonly account: Account;
  readonly call: Call;
  /** UID that the server answered. */
  readonly uid: string | undefined;
  /** Version that the server answered: later writes may be made over just this one. */
  readonly version: string | undefined;
}

/** All writes of one instance, and which name and UID stand for it in them. */
export interface Recording {
  readonly name: string;
  readonly uid: string;
  readonly writes: readonly RecordedWrite[];
}

interface Timed extends Omit<RecordedWrite, 'stage'> {
  readonly begin: number;
  readonly end: number;
}

/** Unlike anything else in the writes, so that it can be replaced in them. */
const NAME = 'recorded-by-the-bench';
/** Milliseconds after the last write: what the operator tells afterwards belongs to the instance too. */
const AFTERWARDS_MS = 1500;

/** True for what is told of an instance rather than done for it. */
export const isEvent = ({ call }: RecordedWrite): boolean => groupKindOf(call.kind) === groupKindOf(EVENT);

/**
 * Records the writes of one instance: the product's own controller runs in this process, with the operator's identity, on
 * the real API server. No other operator may run meanwhile.
 */
export async function recordWrites(
  client: Client,
  kind: Kind<Instance>,
  service: string,
): Promise<Recording> {
  const timed: Timed[] = [];
  const recorded = recording(client, undefined, timed);
  const stop = new AbortController();
  const engine = localEngine({ clock: systemClock });
  const composition = await client.get(RESOURCE_COMPOSITION, { namespace: NS, name: service });
  const manager = createManager({
    client: recorded,
    clock: systemClock,
    log: silentLog,
    identity: 'bench',
    namespace: NS,
  });
  manager.addController(
    instanceController(
      {
        kind,
        composition: { namespace: NS, name: service, uid: composition.metadata.uid ?? '' },
        currentRevision: (stores) => revisionsOf(stores.list(REVISION), composition.metadata.uid).at(-1),
      },
      {
        client: manager.client,
        engine,
        discovery: createDiscovery(client, systemClock),
        clock: systemClock,
        wake: () => undefined,
        settings: { operatorNamespace: NS, accountsNamespace: `${NS}-services` },
      },
    ),
  );
  const running = manager.run(stop.signal);
  const following = await followInstances(client, kind);
  const created = await client.create(kind, withFinalizer(instanceOf(kind, NAME)));
  await following.until(
    'the recorded instance is applied',
    60_000,
    () => following.seen.get(NAME)?.appliedAt !== undefined,
  );
  await pause(AFTERWARDS_MS);
  following.stop();
  stop.abort();
  await running;
  await engine.close();
  return { name: NAME, uid: created.metadata.uid ?? '', writes: staged(timed) };
}

/** As admission would have it: what the operator itself creates does not pass its webhooks. */
export function withFinalizer(instance: Instance): Instance {
  return { ...instance, metadata: { ...instance.metadata, finalizers: [FINALIZER] } };
}

/** The client with every write that succeeds taken down. */
function recording(client: Client, account: Account, into: Timed[]): Client {
  const taken = async <T>(call: Call, write: () => Promise<T>): Promise<T> => {
    const begin = systemClock.monotonic();
    const answer = await write();
    // Answers are objects, or nothing where a deletion found nothing.
    const { metadata } = (answer ?? {}) as Partial<KubeObject>;
    const { uid, resourceVersion: version } = metadata ?? {};
    into.push({ call, account, uid, version, begin, end: systemClock.monotonic() });
    return answer;
  };
  return {
    ...client,
    create: (kind, object, options = {}) =>
      taken({ verb: 'create', kind, ref: object.metadata, body: object, options: plain(options) }, () =>
        client.create(kind, object, options),
      ),
    apply: (kind, object, options = {}) =>
      taken({ verb: 'apply', kind, ref: object.metadata, body: object, options: plain(options) }, () =>
        client.apply(kind, object, options),
      ),
    patch: (kind, ref, patch, options = {}) =>
      taken({ verb: 'patch', kind, ref, body: patch, options: plain(options) }, () =>
        client.patch(kind, ref, patch, options),
      ),
    delete: (kind, ref, options = {}) =>
      taken({ verb: 'delete', kind, ref, body: plain(options), options: {} }, () =>
        client.delete(kind, ref, options),
      ),
    as: (account) => recording(client.as(account), account, into),
  };
}

function plain<T extends { readonly signal?: AbortSignal | undefined }>(options: T): Omit<T, 'signal'> {
  const { signal: _signal, ...rest } = options;
  return rest;
}

/** A write belongs to the stage after the last one that had ended when it began. */
function staged(timed: readonly Timed[]): readonly RecordedWrite[] {
  const done: { readonly stage: number; readonly end: number }[] = [];
  return timed
    .toSorted((a, b) => a.begin - b.begin)
    .map(({ begin, end, ...write }) => {
      const stage = 1 + Math.max(-1, ...done.filter((one) => one.end <= begin).map((one) => one.stage));
      done.push({ stage, end });
      return { ...write, stage };
    });
}
