import { describe, expect, it } from 'vitest';
import { JOB } from '../../kube/builtin-kinds.ts';
import { hooksOf, hookStep, type HookSeen, type ScopedHook } from './hooks.ts';

function hook(name: string, weight = 0, policies: ScopedHook['hook']['deletePolicies'] = []): ScopedHook {
  const object = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name } };
  return {
    kind: JOB,
    source: 'w/templates/hook.yaml',
    object,
    hook: {
      source: 'w/templates/hook.yaml',
      content: '',
      name,
      kind: 'Job',
      events: ['pre-install', 'pre-upgrade'],
      weight,
      deletePolicies: policies,
    },
  };
}

const RUN = '1/pre-install';
const NOW = 1_000_000;

function step(hooks: readonly ScopedHook[], seen: Record<string, HookSeen>, attempts = 1) {
  return hookStep(
    hooks,
    RUN,
    ({ object }) => seen[object.metadata.name],
    () => attempts,
    NOW,
  );
}

const succeeded: HookSeen = { uid: 'u', run: RUN, deleting: false, state: 'succeeded' };

describe('hooksOf', () => {
  it('runs by weight, then by name, only those of the event', () => {
    const hooks = [hook('b'), hook('c', -5), hook('a'), hook('d', 10)];

    expect(hooksOf(hooks, 'pre-install').map(({ object }) => object.metadata.name)).toEqual([
      'c',
      'a',
      'b',
      'd',
    ]);
    expect(hooksOf(hooks, 'post-install')).toEqual([]);
  });
});

describe('hookStep', () => {
  const [a, b] = [hook('a'), hook('b')];

  it.each([
    ['runs the first', {}, { do: 'run', hook: a }],
    ['waits while it runs', { a: { ...succeeded, state: 'running' } }, { do: 'wait', hook: a }],
    ['runs the second when the first succeeded', { a: succeeded }, { do: 'run', hook: b }],
    ['is done when all succeeded', { a: succeeded, b: succeeded }, { do: 'done', cleanup: [] }],
    [
      'clears away the object of an earlier run',
      { a: { ...succeeded, run: '0/x' } },
      { do: 'clear', hook: a, uid: 'u' },
    ],
    ['waits until it is gone', { a: { ...succeeded, run: '0/x', deleting: true } }, { do: 'wait', hook: a }],
    [
      'clears away an object that is no run of ours',
      { a: { ...succeeded, run: undefined } },
      { do: 'clear', hook: a, uid: 'u' },
    ],
    [
      'says why it failed and when it tries again',
      { a: { ...succeeded, state: 'failed', message: 'no database', endedAt: NOW - 1000 } },
      { do: 'failed', hook: a, message: 'no database', retryInMs: 9000 },
    ],
    [
      'tries again after the wait',
      { a: { ...succeeded, state: 'failed', endedAt: NOW - 10_000 } },
      { do: 'clear', hook: a, uid: 'u' },
    ],
  ] satisfies [string, Record<string, HookSeen>, object][])('%s', (_name, seen, expected) => {
    expect(step([a, b], seen)).toEqual(expected);
  });

  it('waits longer after every failure, five minutes at most', () => {
    const failed: HookSeen = { ...succeeded, state: 'failed', endedAt: NOW };

    expect(step([a], { a: failed }, 3)).toMatchObject({ retryInMs: 40_000 });
    expect(step([a], { a: failed }, 30)).toMatchObject({ retryInMs: 300_000 });
  });

  it('cleans up what is to go when it succeeded', () => {
    const gone = hook('a', 0, ['hook-succeeded']);

    expect(step([gone, b], { a: succeeded, b: succeeded })).toEqual({
      do: 'done',
      cleanup: [{ hook: gone, uid: 'u' }],
    });
  });
});
