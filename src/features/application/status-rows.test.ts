import { describe, expect, it } from 'vitest';
import type { Instance, InstanceStatus } from '../../api/instance.ts';
import type { Pod } from '../../kube/builtin-kinds.ts';
import { podState, releaseState, statusRows } from './status-rows.ts';

const instance = (status: InstanceStatus | undefined, metadata: object = {}): Instance => ({
  apiVersion: 'platformapi.kubeplus/v1alpha1',
  kind: 'HelloWorldService',
  metadata: { name: 'hs1', generation: 2, ...metadata },
  ...(status === undefined ? {} : { status }),
});
const ready = (observedGeneration: number): InstanceStatus => ({
  release: 1,
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Ready',
      message: '',
      lastTransitionTime: '',
      observedGeneration,
    },
  ],
});
const pod = (name: string, status: Pod['status'], metadata: object = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'hs1', ...metadata },
  ...(status === undefined ? {} : { status }),
});
const container = (reason?: string) => ({
  name: 'c',
  image: '',
  imageID: '',
  ready: false,
  restartCount: 0,
  state: reason === undefined ? { running: {} } : { waiting: { reason } },
});

describe('releaseState', () => {
  it.each([
    ['Deployed', instance(ready(2))],
    ['Pending', instance(ready(1))],
    ['Pending', instance({ conditions: [] })],
    ['Pending', instance(undefined)],
    ['Failed', instance({ ...ready(2), error: 'shop/templates/web.yaml:3: broken: it is' })],
    ['Uninstalling', instance(ready(2), { deletionTimestamp: '2026-01-01T00:00:00Z' })],
  ])('says %s', (word, object) => {
    expect(releaseState(object)).toBe(word);
  });
});

describe('podState', () => {
  it.each([
    ['Running', pod('a', { phase: 'Running', containerStatuses: [container()] })],
    ['Succeeded', pod('a', { phase: 'Succeeded' })],
    ['CrashLoopBackOff', pod('a', { phase: 'Running', containerStatuses: [container('CrashLoopBackOff')] })],
    [
      'ImagePullBackOff',
      pod('a', {
        phase: 'Pending',
        initContainerStatuses: [container('ImagePullBackOff')],
        containerStatuses: [container('PodInitializing')],
      }),
    ],
    ['Evicted', pod('a', { phase: 'Failed', reason: 'Evicted' })],
    ['Terminating', pod('a', { phase: 'Running' }, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
    ['Unknown', pod('a', undefined)],
  ])('says %s', (word, object) => {
    expect(podState(object)).toBe(word);
  });
});

describe('statusRows', () => {
  it('are the release and then its pods by name', () => {
    const pods = [pod('b', { phase: 'Pending' }), pod('a', { phase: 'Running' })];
    const release = { namespace: 'hs1', name: 'helloworldservice-hs1' };

    expect(statusRows(instance(ready(2)), release, pods)).toEqual([
      ['helloworldservice-hs1', 'helmrelease', 'hs1', 'Deployed'],
      ['a', 'Pod', 'hs1', 'Running'],
      ['b', 'Pod', 'hs1', 'Pending'],
    ]);
  });
});
