import { describe, expect, it } from 'vitest';
import type { HookStep } from './hooks.ts';
import type { InventoryRelease } from './inventory.ts';
import {
  nextAction,
  type InstanceState,
  type NeedsContent,
  type NextAction,
  type ReleaseContent,
} from './next-action.ts';

const RELEASE: InventoryRelease = { number: 3, inputs: 'i', revision: 'r', version: '1', phase: 'done' };
const RUNNING = { number: 2, revision: 'q', version: '0', notes: 'n' };
const CONTENT: ReleaseContent = { missing: false, recorded: true, written: true, hooks: {} };
const STATE: InstanceState = {
  deleting: false,
  forced: false,
  namespace: 'ours',
  adopts: false,
  mayTake: false,
  moved: false,
  served: true,
  release: RELEASE,
  inputs: 'i',
  revision: 'r',
  policiesCurrent: true,
  drifted: 'nothing',
  unnoted: false,
  mayUpgrade: true,
  objectsDeleted: false,
  content: undefined,
};
// Where hooks stand; only the tag matters to the choice.
const WAIT = { do: 'wait' } as HookStep;
const DONE = { do: 'done', cleanup: [] } as HookStep;

function pending(phase: InventoryRelease['phase'], content?: Partial<ReleaseContent>, running = false) {
  const release = { ...RELEASE, phase, ...(running ? { running: RUNNING } : {}) };
  return { release, content: content && { ...CONTENT, ...content } };
}

describe('nextAction', () => {
  it.each([
    [
      'starts where there is no namespace',
      { namespace: 'absent', release: undefined },
      { do: 'start', number: 1 },
    ],
    ['starts in a namespace whose inventory was lost', { release: undefined }, { do: 'start', number: 1 }],
    [
      'never touches a namespace that is not ours',
      { namespace: 'taken', release: undefined },
      { do: 'refuse' },
    ],
    ['waits for a namespace that goes', { namespace: 'terminating' }, { do: 'wait', for: 'namespace-gone' }],
    ['waits for the service', { served: false }, { do: 'wait', for: 'service' }],
    ['rests when all is as it should be', {}, { do: 'settled' }],
    ['begins the next release when the inputs changed', { inputs: 'j' }, { do: 'start', number: 4 }],
    [
      'waits for its turn with an upgrade to another revision',
      { inputs: 'j', revision: 's', mayUpgrade: false, release: { ...RELEASE, running: RUNNING } },
      { do: 'wait', for: 'turn' },
    ],
    [
      'does not wait for a turn with a change of its own',
      { inputs: 'j', mayUpgrade: false, release: { ...RELEASE, running: RUNNING } },
      { do: 'start', number: 4 },
    ],
    [
      'writes policies before anything else',
      { policiesCurrent: false, ...pending('before') },
      { do: 'policies' },
    ],
    ['loads a pending release', pending('before'), { do: 'load' }],
    [
      'uses the number again if nothing was recorded',
      pending('before', { missing: true }),
      { do: 'start', number: 3 },
    ],
    [
      'takes a new number if the record was lost later',
      pending('objects', { missing: true }),
      { do: 'start', number: 4 },
    ],
    ['records before it writes', pending('before', { recorded: false }), { do: 'record' }],
    ['writes objects', pending('before', { written: false }), { do: 'write' }],
    [
      'waits for hooks before it writes',
      pending('before', { written: false, hooks: { 'pre-install': WAIT } }),
      { do: 'hooks', event: 'pre-install', step: WAIT },
    ],
    [
      'runs the upgrade’s hooks on an upgrade',
      pending('before', { hooks: { 'pre-install': DONE, 'pre-upgrade': WAIT } }, true),
      { do: 'hooks', event: 'pre-upgrade', step: WAIT },
    ],
    [
      'writes after the hooks',
      pending('objects', { written: false, hooks: { 'pre-install': DONE } }),
      { do: 'write' },
    ],
    ['finishes', pending('before', {}), { do: 'finish' }],
    [
      'notes that hooks follow',
      pending('before', { hooks: { 'post-install': WAIT } }),
      { do: 'enter-after' },
    ],
    [
      'waits for hooks after',
      pending('after', { hooks: { 'post-install': WAIT } }),
      { do: 'hooks', event: 'post-install', step: WAIT },
    ],
    [
      'does not write again while hooks run after',
      pending('after', { written: false, hooks: { 'post-install': WAIT } }),
      { do: 'hooks', event: 'post-install', step: WAIT },
    ],
    [
      'notes that the hooks after are through',
      pending('after', { hooks: { 'post-install': DONE } }),
      { do: 'hooks', event: 'post-install', step: DONE },
    ],
    [
      'finishes after the hooks, whatever became of their objects',
      pending('closing', { hooks: { 'post-install': WAIT } }),
      { do: 'finish' },
    ],
    ['loads the release to repair it', { drifted: 'objects' }, { do: 'load' }],
    ['repairs policies without the release', { drifted: 'policies' }, { do: 'repair-policies' }],
    [
      'repairs policies before a new release is begun',
      { drifted: 'policies', inputs: 'others' },
      { do: 'repair-policies' },
    ],
    ['repairs', { drifted: 'objects', content: CONTENT }, { do: 'repair' }],
    [
      'renders anew to repair if nothing is kept',
      { drifted: 'objects', content: { ...CONTENT, missing: true } },
      { do: 'start', number: 4 },
    ],
    ['notes what it learnt', { unnoted: true }, { do: 'note' }],
  ] satisfies [string, Partial<InstanceState>, NextAction | NeedsContent][])(
    '%s',
    (_name, changes, expected) => {
      expect(nextAction({ ...STATE, ...changes })).toEqual(expected);
    },
  );

  it.each([
    ['lets go when nothing is there', { namespace: 'absent' }, { do: 'let-go' }],
    ['leaves a namespace alone that is not ours', { namespace: 'taken' }, { do: 'let-go' }],
    [
      'waits until the namespace is gone',
      { namespace: 'terminating' },
      { do: 'wait', for: 'namespace-gone' },
    ],
    ['looks whether hooks are to run', {}, { do: 'load' }],
    [
      'runs hooks first',
      { content: { ...CONTENT, hooks: { 'pre-delete': WAIT } } },
      { do: 'hooks', event: 'pre-delete', step: WAIT },
    ],
    [
      'deletes objects after them',
      { content: { ...CONTENT, hooks: { 'pre-delete': DONE } } },
      { do: 'uninstall' },
    ],
    ['deletes although the release is lost', { content: { ...CONTENT, missing: true } }, { do: 'uninstall' }],
    ['asks nobody when forced', { forced: true }, { do: 'uninstall' }],
    [
      'runs hooks after the objects',
      { objectsDeleted: true, content: { ...CONTENT, hooks: { 'post-delete': WAIT } } },
      { do: 'hooks', event: 'post-delete', step: WAIT },
    ],
    ['deletes the namespace last', { objectsDeleted: true, content: CONTENT }, { do: 'remove-namespace' }],
    ['deletes a namespace without inventory', { release: undefined }, { do: 'remove-namespace' }],
    ['needs no service', { served: false, content: CONTENT }, { do: 'uninstall' }],
  ] satisfies [string, Partial<InstanceState>, NextAction | NeedsContent][])(
    'on deletion: %s',
    (_name, changes, expected) => {
      expect(nextAction({ ...STATE, deleting: true, ...changes })).toEqual(expected);
    },
  );
});
