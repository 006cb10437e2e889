import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../kube/object.ts';
import { objectHealth } from './object-ready.ts';

const object = (apiVersion: string, kind: string, status?: unknown, spec?: unknown): KubeObject =>
  ({ apiVersion, kind, metadata: { name: 'a', generation: 1 }, spec, status }) as KubeObject; // true: a form with more fields
const condition = (type: string, status: string): unknown => ({
  conditions: [{ type, status, reason: 'R', message: 'because', lastTransitionTime: '' }],
});
const READY = { is: 'ready' };
const WAITING = { is: 'waiting' };

describe('objectHealth', () => {
  it.each([
    [
      'a Deployment with all replicas',
      'apps/v1',
      'Deployment',
      { observedGeneration: 1, readyReplicas: 1 },
      READY,
    ],
    [
      'one whose status is older',
      'apps/v1',
      'Deployment',
      { observedGeneration: 0, readyReplicas: 1 },
      WAITING,
    ],
    ['a StatefulSet without replicas', 'apps/v1', 'StatefulSet', { observedGeneration: 1 }, WAITING],
    ['a DaemonSet that nobody saw', 'apps/v1', 'DaemonSet', undefined, WAITING],
    [
      'a DaemonSet',
      'apps/v1',
      'DaemonSet',
      { observedGeneration: 1, numberReady: 2, desiredNumberScheduled: 2 },
      READY,
    ],
    ['a Job that runs', 'batch/v1', 'Job', { active: 1 }, WAITING],
    ['a Job that ended', 'batch/v1', 'Job', { succeeded: 1 }, READY],
    [
      'a Job that failed',
      'batch/v1',
      'Job',
      condition('Failed', 'True'),
      { is: 'failed', why: 'Job a failed: because' },
    ],
    ['a Pod that runs', 'v1', 'Pod', { phase: 'Running' }, READY],
    ['a Pod that starts', 'v1', 'Pod', { phase: 'Pending' }, WAITING],
    [
      'a Pod that failed',
      'v1',
      'Pod',
      { phase: 'Failed', reason: 'Evicted' },
      { is: 'failed', why: 'Pod a failed: Evicted' },
    ],
    ['a CRD', 'apiextensions.k8s.io/v1', 'CustomResourceDefinition', condition('Established', 'True'), READY],
    ['a CRD that is not served', 'apiextensions.k8s.io/v1', 'CustomResourceDefinition', {}, WAITING],
    ['a custom resource that says no', 'example.dev/v1', 'Thing', condition('Ready', 'False'), WAITING],
    ['a custom resource that says yes', 'example.dev/v1', 'Thing', condition('Ready', 'True'), READY],
    ['a custom Job', 'example.dev/v1', 'Job', {}, READY],
    ['anything else', 'v1', 'ConfigMap', undefined, READY],
  ])('knows %s', (_what, apiVersion, kind, status, expected) => {
    expect(objectHealth(object(apiVersion, kind, status))).toEqual(expected);
  });
});
