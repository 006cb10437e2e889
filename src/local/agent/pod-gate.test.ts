import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../lib/fake-clock.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Stores } from '../../runtime/controller.ts';
import { AddressBook } from './address-book.ts';
import type { SandboxHandler } from './cni-endpoint.ts';
import type { CniRequest } from './cni-request.ts';
import { podGate } from './pod-gate.ts';

const request = (changes: Partial<CniRequest> = {}): CniRequest => ({
  command: 'ADD',
  sandbox: 'c1',
  namespace: 'shop',
  name: 'web',
  podUid: 'u1',
  addresses: ['10.0.0.1'],
  result: '{}',
  ...changes,
});
const everybody = (): boolean => true;

let folder: string;
let clock: FakeClock;
let known: KubeObject | undefined;
let calls: string[];
let book: AddressBook;
let gate: SandboxHandler;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pod-gate-'));
  clock = new FakeClock();
  known = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop', uid: 'u1' } };
  calls = [];
  book = new AddressBook(join(folder, 'book.json'));
  const stores: Stores = {
    // True: only Pods are asked for here.
    get: <T extends KubeObject>() => known as T | undefined,
    list: () => [],
    byIndex: () => [],
  };
  const sync = {
    settle: () => {
      calls.push(`settle with ${[...book.assignments(everybody)].join(' ')}`);
      return Promise.resolve();
    },
    touch: () => calls.push('touch'),
  };
  gate = podGate({ stores, book, sync, clock, signal: new AbortController().signal });
});
afterEach(() => rm(folder, { recursive: true }));

describe('podGate', () => {
  it('settles rules that know the new address before the pod passes', async () => {
    await gate.added(request());

    expect(calls).toEqual(['settle with 10.0.0.1,u1']);
  });

  it('waits for a pod that the watch has not brought yet', async () => {
    const pod = known;
    known = undefined;
    const added = gate.added(request());
    await clock.advance(100);
    expect(calls).toEqual([]);

    known = pod;
    await clock.advance(20);
    await added;

    expect(calls).toHaveLength(1);
  });

  it('does not take the pod of before for the new one of the same name', async () => {
    const refused = expect(gate.added(request({ podUid: 'u2' }))).rejects.toThrow(
      'not known to the agent yet',
    );

    await clock.advance(6_000);
    await refused;

    expect(calls).toEqual([]);
  });

  it('refuses a sandbox without addresses', async () => {
    await expect(gate.added(request({ addresses: [] }))).rejects.toThrow('last plug-in');
  });

  it('forgets the addresses of a sandbox that was taken down, and only those', async () => {
    await gate.added(request());
    await gate.removed(request({ sandbox: 'other' }));
    expect([...book.assignments(everybody)]).toEqual([['10.0.0.1', 'u1']]);

    await gate.removed(request());

    expect([...book.assignments(everybody)]).toEqual([]);
    expect(calls.at(-1)).toBe('touch');
  });

  it('lets an agent that starts later know the addresses, but not those of pods that are gone', async () => {
    await gate.added(request());
    const later = new AddressBook(join(folder, 'book.json'));
    await later.load();

    expect([...later.assignments(everybody)]).toEqual([['10.0.0.1', 'u1']]);
    expect([...later.assignments(() => false)]).toEqual([]);
  });
});
