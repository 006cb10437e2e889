import { describe, expect, it } from 'vitest';
import * as kinds from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import { lacksPods, readinessOf, type ReleaseView, type SeenObject } from './readiness.ts';

function seen(kind: Kind, name: string, body: object | undefined): SeenObject {
  const live = body && {
    apiVersion: 'x',
    kind: kind.kind,
    ...body,
    metadata: { name, uid: `u-${name}`, ...('metadata' in body ? (body.metadata as object) : {}) },
  };
  return { kind, name, live };
}

function view(objects: readonly SeenObject[], changes: Partial<ReleaseView> = {}): ReleaseView {
  return { objects, pods: [], refusals: {}, ...changes };
}

const GENERATION = { metadata: { generation: 2 } };
const RUNNING = { replicas: 1, updatedReplicas: 1, availableReplicas: 1, observedGeneration: 2 };

describe('readinessOf', () => {
  it.each([
    ['no workload at all', seen(kinds.CONFIG_MAP, 'a', {})],
    [
      'a Deployment with all replicas',
      seen(kinds.DEPLOYMENT, 'a', { ...GENERATION, spec: { replicas: 1 }, status: RUNNING }),
    ],
    [
      'a Deployment scaled to nothing',
      seen(kinds.DEPLOYMENT, 'a', {
        ...GENERATION,
        spec: { replicas: 0 },
        status: { observedGeneration: 2 },
      }),
    ],
    [
      'a StatefulSet',
      seen(kinds.STATEFUL_SET, 'a', {
        spec: { replicas: 2 },
        status: { readyReplicas: 2, updatedReplicas: 2 },
      }),
    ],
    ['a DaemonSet without nodes', seen(kinds.DAEMON_SET, 'a', { status: { desiredNumberScheduled: 0 } })],
    [
      'a Job that is done',
      seen(kinds.JOB, 'a', { status: { conditions: [{ type: 'Complete', status: 'True' }] } }),
    ],
    ['a Job that runs', seen(kinds.JOB, 'a', { status: { active: 1 } })],
    ['a Pod', seen(kinds.POD, 'a', { status: { conditions: [{ type: 'Ready', status: 'True' }] } })],
    ['a claim that nobody uses', seen(kinds.PVC, 'a', { status: { phase: 'Pending' } })],
  ])('is ready with %s', (_name, object) => {
    expect(readinessOf(view([object]))).toEqual({ ready: true });
  });

  it.each([
    ['that is not there yet', undefined],
    [
      'whose status is of an older generation',
      { ...GENERATION, spec: {}, status: { ...RUNNING, observedGeneration: 1 } },
    ],
    ['with old pods still running', { ...GENERATION, spec: {}, status: { ...RUNNING, replicas: 2 } }],
    ['with pods not available', { ...GENERATION, spec: {}, status: { ...RUNNING, availableReplicas: 0 } }],
    ['with pods not updated', { ...GENERATION, spec: {}, status: { ...RUNNING, updatedReplicas: 0 } }],
  ])('waits for a Deployment %s', (_name, body) => {
    expect(readinessOf(view([seen(kinds.DEPLOYMENT, 'web', body)]))).toEqual({
      ready: false,
      reason: 'Waiting',
      message: 'Waiting for Deployment web',
      stalled: false,
    });
  });

  it('names all that it waits for, in the same order whatever the order of the objects', () => {
    const [a, b] = [seen(kinds.DEPLOYMENT, 'b', undefined), seen(kinds.STATEFUL_SET, 'a', undefined)];

    expect(readinessOf(view([a, b]))).toEqual(readinessOf(view([b, a])));
    expect(readinessOf(view([a, b]))).toMatchObject({ message: 'Waiting for Deployment b, StatefulSet a' });
  });

  it('gives the pod’s own reason', () => {
    const pod: kinds.Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web-1' },
      status: {
        containerStatuses: [
          {
            name: 'c',
            image: 'x',
            imageID: '',
            ready: false,
            restartCount: 0,
            state: { waiting: { reason: 'ErrImagePull', message: 'no such image' } },
          },
        ],
      },
    };

    expect(readinessOf(view([seen(kinds.DEPLOYMENT, 'web', undefined)], { pods: [pod] }))).toMatchObject({
      reason: 'ImagePullFailed',
      message: expect.stringContaining('no such image'),
    });
  });

  it('says which quota refuses the pods of a Deployment, without the pod’s random name', () => {
    const message = 'pods "web-6d-x8k" is forbidden: exceeded quota: wp, requested: limits.cpu=2';
    const status = {
      observedGeneration: 2,
      conditions: [{ type: 'ReplicaFailure', status: 'True', message }],
    };

    expect(readinessOf(view([seen(kinds.DEPLOYMENT, 'web', { ...GENERATION, status })]))).toEqual({
      ready: false,
      reason: 'QuotaExceeded',
      message:
        "Deployment web can't create pods: exceeded quota: wp, requested: limits.cpu=2; ask for less in the values, or let the provider raise the quota in the ResourceComposition (respolicy)",
      stalled: false,
    });
  });

  it('takes refusals of a StatefulSet’s pods from its events', () => {
    const refusals = {
      'StatefulSet/db':
        'create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: violates PodSecurity',
    };

    expect(readinessOf(view([seen(kinds.STATEFUL_SET, 'db', {})], { refusals }))).toMatchObject({
      reason: 'PodsRefused',
      message: "StatefulSet db can't create pods: violates PodSecurity",
    });
  });

  it.each([
    ['a StatefulSet', kinds.STATEFUL_SET, {}, true],
    ['a StatefulSet with its pods', kinds.STATEFUL_SET, { status: { replicas: 1 } }, false],
    ['a DaemonSet', kinds.DAEMON_SET, { status: { desiredNumberScheduled: 1 } }, true],
    [
      'a DaemonSet with its pods',
      kinds.DAEMON_SET,
      { status: { desiredNumberScheduled: 1, currentNumberScheduled: 1 } },
      false,
    ],
    ['a Job', kinds.JOB, { status: { startTime: 't' } }, true],
    ['a Job that runs', kinds.JOB, { status: { startTime: 't', active: 1 } }, false],
    ['a Job that is over', kinds.JOB, { status: { startTime: 't', succeeded: 1 } }, false],
    ['a suspended Job', kinds.JOB, { spec: { suspend: true }, status: { startTime: 't' } }, false],
  ])('tells %s that lacks pods, and believes a refusal only then', (_name, kind, body, lacking) => {
    const one = seen(kind, 'a', body);
    const refusals = { [`${kind.kind}/a`]: 'pods "a-x" is forbidden: exceeded quota: q' };
    const readiness = readinessOf(view([one], { refusals }));

    expect(lacksPods(one)).toBe(lacking);
    expect(!readiness.ready && readiness.reason === 'QuotaExceeded').toBe(lacking);
  });

  it('stalls on a Job that failed, with the words of its pod', () => {
    const job = seen(kinds.JOB, 'init', {
      status: { conditions: [{ type: 'Failed', status: 'True', message: 'BackoffLimitExceeded' }] },
    });
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'init', uid: 'u-init' };
    const pod: kinds.Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'init-1', ownerReferences: [owner] },
      status: {
        containerStatuses: [
          {
            name: 'c',
            image: '',
            imageID: '',
            ready: false,
            restartCount: 0,
            state: { terminated: { exitCode: 3, message: 'boom' } },
          },
        ],
      },
    };

    expect(readinessOf(view([job], { pods: [pod] }))).toMatchObject({
      reason: 'JobFailed',
      message: 'Job init failed: container c: exit code 3, boom',
      stalled: true,
    });
  });

  it('stalls on a Deployment that ran out of time', () => {
    const status = {
      observedGeneration: 2,
      conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
    };

    expect(readinessOf(view([seen(kinds.DEPLOYMENT, 'web', { ...GENERATION, status })]))).toMatchObject({
      reason: 'ProgressDeadlineExceeded',
      stalled: true,
    });
  });
});
