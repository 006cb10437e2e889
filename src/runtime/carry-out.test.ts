import { describe, expect, it } from 'vitest';
import { MemoryClient, type Call } from '../../test/doubles/memory-client.ts';
import { CONFIG_MAP, NAMESPACE, ROLE_BINDING, SECRET } from '../kube/builtin-kinds.ts';
import type { Kind } from '../kube/kind.ts';
import { isKubeError, KubeError } from '../kube/kube-error.ts';
import type { Condition, KubeObject } from '../kube/object.ts';
import { FakeClock } from '../lib/fake-clock.ts';
import { createCarryOut, type CarryOut } from './carry-out.ts';
import { silentLog } from './log.ts';
import { isNotOurs } from './not-ours.ts';
import type { Plan, PlannedEvent, StatusBase, Write } from './plan.ts';

interface Thing extends KubeObject {
  readonly status?: StatusBase;
}
const THING: Kind<Thing> = {
  group: 'example.dev',
  version: 'v1',
  kind: 'Thing',
  plural: 'things',
  namespaced: true,
};
const OWNER = 'uid-of-instance';
const LABEL = 'tenantry.dev/instance-uid';

function condition(status: 'True' | 'False', reason: string, message = ''): Condition {
  return { type: 'Ready', status, reason, message, lastTransitionTime: '2026-01-01T00:00:00Z' };
}

function configMap(
  name: string,
  data: Record<string, string>,
  labels: Record<string, string> = { [LABEL]: OWNER },
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'n', name, labels },
    data,
  } as KubeObject;
}

function own(object: KubeObject, more: Partial<Extract<Write, { verb: 'own' }>> = {}): Write {
  return { verb: 'own', kind: CONFIG_MAP, object, owner: OWNER, ...more };
}

interface Bench {
  readonly client: MemoryClient;
  readonly clock: FakeClock;
  readonly events: PlannedEvent[];
  readonly carryOut: CarryOut;
  readonly thing: () => Promise<Thing>;
}

async function bench(): Promise<Bench> {
  const client = new MemoryClient();
  const clock = new FakeClock();
  const events: PlannedEvent[] = [];
  const emit = (_about: KubeObject, event: PlannedEvent): Promise<void> => {
    events.push(event);
    return Promise.resolve();
  };
  const carryOut = createCarryOut({ client, clock, log: silentLog, events: { emit } });
  await client.create(THING, {
    apiVersion: 'example.dev/v1',
    kind: 'Thing',
    metadata: { namespace: 'n', name: 't' },
  });
  client.calls.length = 0;
  return { client, clock, events, carryOut, thing: () => client.get(THING, { namespace: 'n', name: 't' }) };
}

const stage = (...writes: Write[]): Plan['stages'] => [{ name: 's', writes }];
const named = (calls: readonly Call[]): string[] => calls.map((call) => `${call.verb} ${call.what}`);

describe('own', () => {
  it('creates what is not there', async () => {
    const { client, carryOut, thing } = await bench();
    const { written } = await carryOut(THING, await thing(), {
      stages: stage(own(configMap('a', { k: '1' }))),
    });

    expect(named(client.calls)).toEqual(['create ConfigMap n/a']);
    expect(written[0]?.action).toBe('created');
    expect(written[0]?.object?.metadata.uid).toBeDefined();
  });

  it('applies over an object with our label and leaves nothing of the old fields', async () => {
    const { client, carryOut, thing } = await bench();
    await client.create(CONFIG_MAP, configMap('a', { old: '1' }));
    await carryOut(THING, await thing(), { stages: stage(own(configMap('a', { new: '2' }))) });

    expect(client.state()['ConfigMap n/a']).toMatchObject({ data: { new: '2' } });
    expect(named(client.calls).at(-1)).toBe('apply ConfigMap n/a');
  });

  it('refuses an object of somebody else and does not touch it', async () => {
    const { client, carryOut, thing } = await bench();
    await client.create(CONFIG_MAP, configMap('a', { theirs: '1' }, { [LABEL]: 'somebody else' }));
    const before = client.state();

    const error: unknown = await carryOut(THING, await thing(), {
      stages: stage(own(configMap('a', {}))),
    }).catch((e: unknown) => e);

    expect(isNotOurs(error)).toBe(true);
    expect(isKubeError(error, 'Conflict')).toBe(true);
    expect(client.state()).toEqual(before);
  });

  it('refuses an object that took the name after ours was deleted', async () => {
    const { client, carryOut, thing } = await bench();
    await client.create(CONFIG_MAP, configMap('a', { theirs: '1' }, {}));

    const error: unknown = await carryOut(THING, await thing(), {
      stages: stage(own(configMap('a', {}), { uid: 'uid-we-wrote' })),
    }).catch((e: unknown) => e);

    expect(isNotOurs(error)).toBe(true);
  });

  it('makes an object anew that we wrote and somebody deleted', async () => {
    const { client, carryOut, thing } = await bench();
    await carryOut(THING, await thing(), { stages: stage(own(configMap('a', {}), { uid: 'uid-we-wrote' })) });

    expect(named(client.calls)).toEqual(['create ConfigMap n/a']);
  });

  it('waits for an object of ours that is being deleted', async () => {
    const { client, carryOut, thing } = await bench();
    const object = configMap('a', {});
    await client.create(CONFIG_MAP, { ...object, metadata: { ...object.metadata, finalizers: ['x/y'] } });
    await client.delete(CONFIG_MAP, object.metadata);

    const error: unknown = await carryOut(THING, await thing(), { stages: stage(own(object)) }).catch(
      (e: unknown) => e,
    );

    expect(isKubeError(error, 'Conflict')).toBe(true);
    expect(isNotOurs(error)).toBe(false);
  });

  it('counts the fields of the create as applied before it applies, so that dropped ones go', async () => {
    const { client, carryOut, thing } = await bench();
    const managedFields = [{ manager: 'tenantry', operation: 'Update', fieldsV1: { 'f:data': {} } }];
    const object = configMap('a', {});
    await client.create(CONFIG_MAP, {
      ...object,
      metadata: { ...object.metadata, managedFields } as KubeObject['metadata'],
    });
    client.calls.length = 0;
    await carryOut(THING, await thing(), { stages: stage(own(object)) });

    expect(named(client.calls)).toEqual([
      'create ConfigMap n/a',
      'patch ConfigMap n/a',
      'apply ConfigMap n/a',
    ]);
  });
});

describe('delete and patch', () => {
  it('deletes by UID; gone or replaced is success', async () => {
    const { client, carryOut, thing } = await bench();
    const made = await client.create(CONFIG_MAP, configMap('a', {}));
    await client.create(CONFIG_MAP, configMap('b', {}));
    const remove = (name: string, uid: string): Write => ({
      verb: 'delete',
      kind: CONFIG_MAP,
      ref: { namespace: 'n', name },
      uid,
    });
    const { written } = await carryOut(THING, await thing(), {
      stages: stage(remove('a', made.metadata.uid ?? ''), remove('b', 'another uid'), remove('c', 'x')),
    });

    expect(written.map(({ action }) => action)).toEqual(['deleted', 'gone', 'gone']);
    expect(Object.keys(client.state())).toEqual(['ConfigMap n/b', 'example.dev/Thing n/t']);
  });

  it('merges a patch into what is there, as the named account', async () => {
    const { client, carryOut, thing } = await bench();
    await client.create(CONFIG_MAP, configMap('a', { k: '1' }));
    const write: Write = {
      verb: 'patch',
      kind: CONFIG_MAP,
      ref: { namespace: 'n', name: 'a' },
      body: { data: { l: '2' } },
      as: { namespace: 'accounts', name: 'wp' },
    };
    await carryOut(THING, await thing(), { stages: stage(write) });

    expect(client.state()['ConfigMap n/a']).toMatchObject({ data: { k: '1', l: '2' } });
    expect(client.calls.at(-1)?.as).toBe('accounts/wp');
  });
});

describe('stages', () => {
  it('come one after another, and none after one that failed', async () => {
    const { client, carryOut, thing } = await bench();
    client.fault = (call) => {
      if (call.what === 'ConfigMap n/b') throw new KubeError('Invalid', 'b is wrong', { status: 422 });
    };
    const stages = [
      { name: 'one', writes: [own(configMap('a', {}))] },
      { name: 'two', writes: [own(configMap('b', {})), own(configMap('c', {}))] },
      { name: 'three', writes: [own(configMap('d', {}))] },
    ];

    await expect(carryOut(THING, await thing(), { stages })).rejects.toThrow('b is wrong');

    expect(Object.keys(client.state())).toEqual(['ConfigMap n/a', 'ConfigMap n/c', 'example.dev/Thing n/t']);
  });

  it('tell what was written, also when something else failed', async () => {
    const { client, clock, thing } = await bench();
    const told: unknown[] = [];
    const carryOut = createCarryOut({
      client,
      clock,
      log: silentLog,
      events: { emit: () => Promise.resolve() },
      wrote: (ref, written) =>
        told.push(
          ref,
          written.map(({ object }) => object?.metadata.name),
        ),
    });
    client.fault = (call) => {
      if (call.what === 'ConfigMap n/b') throw new KubeError('Invalid', 'b is wrong', { status: 422 });
    };
    const stages = stage(own(configMap('a', {})), own(configMap('b', {})));

    await expect(carryOut(THING, await thing(), { stages })).rejects.toThrow('b is wrong');
    expect(told).toEqual([{ namespace: 'n', name: 't' }, ['a']]);
  });

  it('tell the error that somebody can mend before one that passes by itself', async () => {
    const { client, carryOut, thing } = await bench();
    client.fault = (call) => {
      if (call.what === 'ConfigMap n/a') throw new KubeError('Network', 'reset');
      if (call.what === 'ConfigMap n/b') throw new KubeError('Invalid', 'b is wrong', { status: 422 });
    };

    await expect(
      carryOut(THING, await thing(), { stages: stage(own(configMap('a', {})), own(configMap('b', {}))) }),
    ).rejects.toThrow('b is wrong');
  });

  it('write at most 16 objects at a time', async () => {
    const { client, carryOut, thing } = await bench();
    let open = 0;
    let most = 0;
    client.fault = async (_call, phase) => {
      open += phase === 'before' ? 1 : -1;
      most = Math.max(most, open);
      await new Promise((resolve) => setImmediate(resolve));
    };
    const writes = Array.from({ length: 40 }, (_, i) => own(configMap(`c${i}`, {})));
    await carryOut(THING, await thing(), { stages: stage(...writes) });

    expect(most).toBe(16);
  });

  it('do not begin when we are stopping', async () => {
    const { client, carryOut, thing } = await bench();
    const error: unknown = await carryOut(
      THING,
      await thing(),
      { stages: stage(own(configMap('a', {}))) },
      AbortSignal.abort(),
    ).catch((e: unknown) => e);

    expect(isKubeError(error, 'Cancelled')).toBe(true);
    expect(client.calls).toEqual([]);
  });
});

describe('rights that lag behind', () => {
  const as = { namespace: 'accounts', name: 'wp' };
  const forbidden = new KubeError(
    'Forbidden',
    'create ConfigMap n/a: User "x" cannot create resource "configmaps"',
    { status: 403 },
  );
  const binding: Write = {
    verb: 'own',
    kind: ROLE_BINDING,
    owner: OWNER,
    object: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { namespace: 'n', name: 'rb' },
    },
  };

  it('are waited for after the binding was written', async () => {
    const { client, clock, carryOut, thing } = await bench();
    client.fault = (call, phase) => {
      if (phase === 'before' && call.as !== undefined && clock.monotonic() < 100) throw forbidden;
    };
    const done = carryOut(THING, await thing(), {
      stages: [...stage(binding), ...stage(own(configMap('a', {}), { as }))],
    });
    await clock.advance(2000);

    expect((await done).written).toHaveLength(2);
  });

  it('are not waited for longer than two seconds', async () => {
    const { client, clock, carryOut, thing } = await bench();
    client.fault = (call) => {
      if (call.as !== undefined) throw forbidden;
    };
    const done = carryOut(THING, await thing(), {
      stages: [...stage(binding), ...stage(own(configMap('a', {}), { as }))],
    }).catch((e: unknown) => e);
    await clock.advance(2000);

    expect(isKubeError(await done, 'Forbidden')).toBe(true);
  });

  it.each([
    ['no binding was written', forbidden, false],
    ['a quota is full', new KubeError('Forbidden', 'exceeded quota: q', { status: 403 }), true],
  ])('are not waited for when %s', async (_name, refusal, bound) => {
    const { client, clock, carryOut, thing } = await bench();
    client.fault = (call) => {
      if (call.as !== undefined) throw refusal;
    };
    const stages = [...(bound ? stage(binding) : []), ...stage(own(configMap('a', {}), { as }))];

    await expect(carryOut(THING, await thing(), { stages })).rejects.toThrow(refusal.message);
    expect(clock.monotonic()).toBe(0);
  });
});

describe('status, events and finalizer', () => {
  it('writes a status that differs and nothing when it is the same', async () => {
    const { client, carryOut, thing } = await bench();
    const plan = { stages: [], status: { conditions: [condition('True', 'Fine')] } };
    await carryOut(THING, await thing(), plan);
    expect(named(client.calls)).toEqual(['apply example.dev/Thing n/t/status']);
    client.calls.length = 0;
    const { statusWritten } = await carryOut(THING, await thing(), plan);

    expect(statusWritten).toBe(false);
    expect(client.calls).toEqual([]);
  });

  const warning: PlannedEvent = { type: 'Warning', reason: 'Bad', message: 'x' };
  const normal: PlannedEvent = { type: 'Normal', reason: 'Good', message: 'x' };
  const before = { conditions: [condition('False', 'Bad', 'one')] };
  it.each([
    ['the state changed', { conditions: [condition('True', 'Good')] }, [warning, normal]],
    ['only the reason changed', { conditions: [condition('False', 'Worse', 'one')] }, [warning, normal]],
    [
      'only the message changed: warnings only',
      { conditions: [condition('False', 'Bad', 'two')] },
      [warning],
    ],
    ['nothing changed', before, []],
  ])('emits events when %s', async (_name, status, expected) => {
    const { carryOut, thing, events } = await bench();
    await carryOut(THING, await thing(), { stages: [], status: before });
    await carryOut(THING, await thing(), { stages: [], status, events: [warning, normal] });

    expect(events).toEqual(expected);
  });

  it('emits what is to be told always', async () => {
    const { carryOut, thing, events } = await bench();
    await carryOut(THING, await thing(), { stages: [], events: [{ ...normal, always: true }, normal] });

    expect(events).toHaveLength(1);
  });

  it('sets the finalizer before anything else and takes it away after everything else', async () => {
    const { client, carryOut, thing } = await bench();
    await carryOut(THING, await thing(), { finalizer: 'present', stages: stage(own(configMap('a', {}))) });
    expect(named(client.calls)).toEqual(['patch example.dev/Thing n/t', 'create ConfigMap n/a']);
    await client.delete(THING, { namespace: 'n', name: 't' });
    client.calls.length = 0;
    const uid = (await client.get(CONFIG_MAP, { namespace: 'n', name: 'a' })).metadata.uid ?? '';
    await carryOut(THING, await thing(), {
      finalizer: 'absent',
      stages: stage({ verb: 'delete', kind: CONFIG_MAP, ref: { namespace: 'n', name: 'a' }, uid }),
    });

    expect(named(client.calls)).toEqual(['delete ConfigMap n/a', 'patch example.dev/Thing n/t']);
    expect(client.state()).toEqual({});
  });

  it('keeps finalizers of others', async () => {
    const { client, carryOut, thing } = await bench();
    await client.patch(
      THING,
      { namespace: 'n', name: 't' },
      { type: 'merge', body: { metadata: { finalizers: ['a/b'] } } },
    );
    await carryOut(THING, await thing(), { finalizer: 'present', stages: [] });
    expect((await thing()).metadata.finalizers).toEqual(['a/b', 'tenantry.dev/cleanup']);
    await carryOut(THING, await thing(), { finalizer: 'absent', stages: [] });

    expect((await thing()).metadata.finalizers).toEqual(['a/b']);
  });
});

/** The planner of the crash tests: a small instance, all stages, from what is there. */
async function planFor(client: MemoryClient, thing: Thing): Promise<Plan> {
  const uidOf = async (kind: Kind, name: string): Promise<string | undefined> =>
    (await client.find(kind, { namespace: 'n', name }))?.metadata.uid;
  const namespace: KubeObject = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'inst', labels: { [LABEL]: OWNER } },
  };
  const secret: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'n', name: 's', labels: { [LABEL]: OWNER } },
  };
  if (thing.metadata.deletionTimestamp !== undefined) {
    const kinds: readonly (readonly [Kind, string])[] = [
      [SECRET, 's'],
      [CONFIG_MAP, 'a'],
      [CONFIG_MAP, 'b'],
    ];
    const writes: Write[] = [];
    for (const [kind, name] of kinds) {
      const uid = await uidOf(kind, name);
      if (uid !== undefined) writes.push({ verb: 'delete', kind, ref: { namespace: 'n', name }, uid });
    }
    return { finalizer: 'absent', stages: stage(...writes) };
  }
  return {
    finalizer: 'present',
    stages: [
      { name: 'namespace', writes: [{ verb: 'own', kind: NAMESPACE, object: namespace, owner: OWNER }] },
      { name: 'record', writes: [own(secret, { kind: SECRET, uid: await uidOf(SECRET, 's') })] },
      { name: 'objects', writes: [own(configMap('a', { k: '1' })), own(configMap('b', { k: '2' }))] },
    ],
    status: { conditions: [condition('True', 'Fine')] },
  };
}

class Killed extends Error {}

describe('a process killed at any write boundary', () => {
  /** Runs the plan to its end, killing the process at the given call and phase once, and looks again until it ends well. */
  async function converge(
    kill: { call: number; phase: 'before' | 'after' } | undefined,
    deleting: boolean,
  ): Promise<{ state: unknown; calls: number }> {
    const { client, carryOut, thing } = await bench();
    if (deleting) {
      await carryOut(THING, await thing(), await planFor(client, await thing()));
      await client.delete(THING, { namespace: 'n', name: 't' });
      client.calls.length = 0;
    }
    let count = 0;
    let dead = false;
    client.fault = (_call, phase) => {
      if (dead) throw new Killed();
      if (kill !== undefined && phase === kill.phase && count === kill.call) dead = true;
      if (phase === kill?.phase) count += 1;
      if (dead) throw new Killed();
    };
    for (let round = 0; round < 5; round += 1) {
      const object = await client.find(THING, { namespace: 'n', name: 't' });
      if (object === undefined) break;
      try {
        await carryOut(THING, object, await planFor(client, object));
        break;
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        // The process starts again: nothing in memory survives, what the server did stays.
        client.fault = () => undefined;
      }
    }
    return { state: client.state(), calls: client.calls.length };
  }

  it.each([
    ['creating', false],
    ['deleting', true],
  ] as const)('ends in the state of the undisturbed run when %s', async (_name, deleting) => {
    const undisturbed = await converge(undefined, deleting);
    expect(undisturbed.calls).toBeGreaterThan(3);
    for (let call = 0; call < undisturbed.calls; call += 1) {
      for (const phase of ['before', 'after'] as const) {
        expect((await converge({ call, phase }, deleting)).state, `killed ${phase} call ${call}`).toEqual(
          undisturbed.state,
        );
      }
    }
  });
});
