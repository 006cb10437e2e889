import { describe, expect, it } from 'vitest';
import type { Pod } from '../../kube/builtin-kinds.ts';
import { failureOf, podTrouble } from './pod-trouble.ts';

function pod(status: NonNullable<Pod['status']>): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, status };
}

type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];

function container(state: ContainerStatus['state'], lastState: ContainerStatus['state'] = {}): Pod {
  const one = { name: 'c', image: 'x:1', imageID: '', ready: false, restartCount: 3 };
  return pod({ containerStatuses: [{ ...one, ...(state ? { state } : {}), lastState: lastState ?? {} }] });
}

describe('podTrouble', () => {
  it('is nothing for a pod that starts or runs', () => {
    expect(podTrouble(pod({ phase: 'Running' }))).toBeUndefined();
    expect(podTrouble(container({ waiting: { reason: 'ContainerCreating' } }))).toBeUndefined();
  });

  it('says the same of an image whichever way the kubelet puts it', () => {
    const bare = container({ waiting: { reason: 'ErrImagePull', message: 'not found' } });
    const again = container({
      waiting: {
        reason: 'ImagePullBackOff',
        message: 'Back-off pulling image "x:1": ErrImagePull: not found',
      },
    });

    expect(podTrouble(bare)).toEqual({
      reason: 'ImagePullFailed',
      message: "Pod p, container c: image x:1 can't be pulled: not found",
    });
    expect(podTrouble(again)).toEqual(podTrouble(bare));
  });

  it('repeats a crashing container’s last words, not the changing back-off', () => {
    const crash = (wait: string): Pod =>
      container(
        { waiting: { reason: 'CrashLoopBackOff', message: `back-off ${wait} restarting failed container` } },
        { terminated: { exitCode: 1, reason: 'Error', message: 'no\ndatabase' } },
      );

    expect(podTrouble(crash('10s'))).toEqual({
      reason: 'ContainerCrashes',
      message: 'Pod p, container c crashes: exit code 1, no database',
    });
    expect(podTrouble(crash('40s'))).toEqual(podTrouble(crash('10s')));
  });

  it('says of any other waiting what the kubelet says, the end of it where it is long', () => {
    const message = `Exec lifecycle hook ([${'x'.repeat(5000)}]) failed: exited with 1: no database`;

    const trouble = podTrouble(container({ waiting: { reason: 'PostStartHookError', message } }));

    expect(trouble?.reason).toBe('ContainerFails');
    expect(trouble?.message).toMatch(/PostStartHookError: Exec lifecycle hook.*exited with 1: no database$/);
    expect(trouble?.message.length).toBeLessThan(500);
  });

  it('says why no node takes it', () => {
    const trouble = podTrouble(
      pod({
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'Unschedulable',
            message: '0/1 nodes: Insufficient cpu',
          },
        ],
      }),
    );

    expect(trouble).toMatchObject({
      reason: 'Unschedulable',
      message: expect.stringContaining('Insufficient cpu'),
    });
  });

  it('names what was killed for memory', () => {
    const killed = container({ terminated: { exitCode: 137, reason: 'OOMKilled' } });

    expect(failureOf(killed)).toBe('container c: OOMKilled, exit code 137');
  });

  it('says why an evicted pod failed', () => {
    expect(podTrouble(pod({ phase: 'Failed', reason: 'Evicted', message: 'disk' }))?.message).toBe(
      'Pod p failed: Evicted: disk',
    );
  });
});
