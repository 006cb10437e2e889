import { describe, expect, it } from 'vitest';
import { NETWORK_POLICY, RESOURCE_QUOTA } from '../../kube/builtin-kinds.ts';
import { isolationOf } from './isolation-status.ts';

const QUOTA = { kind: RESOURCE_QUOTA, name: 'q' };
const POLICY = { kind: NETWORK_POLICY, name: 'n' };
const LABELS = {
  'tenantry.dev/instance-uid': 'u',
  'pod-security.kubernetes.io/enforce': 'baseline',
  'pod-security.kubernetes.io/enforce-version': 'latest',
  'tenantry.dev/storage-classes': 'fast',
};
type Seen = Parameters<typeof isolationOf>[0];
const release = { number: 1, inputs: '', revision: '', version: '', phase: 'done' } as const;
const world = (changes: Partial<Seen> = {}, labels: object = LABELS): Seen => ({
  inventory: { release, objects: [], policies: [QUOTA, POLICY], exposed: [], usesApi: false },
  drifted: [],
  namespace: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n', labels: { ...labels } } },
  policies: { objects: [], labels: LABELS, digest: '', exposed: [], usesApi: false },
  ...changes,
});
const IN_FORCE = {
  namespace: true,
  podSecurity: true,
  quota: true,
  networkPolicies: true,
  storageClasses: true,
};

describe('the isolation in the status', () => {
  it('names what is asked for and nothing else', () => {
    expect(isolationOf(world())).toEqual(IN_FORCE);
  });

  it('tells what is not in force: an object, a level, a label that is gone', () => {
    const { 'tenantry.dev/storage-classes': _classes, ...fewer } = LABELS;
    const wide = { ...LABELS, 'pod-security.kubernetes.io/enforce': 'privileged' };

    expect(isolationOf(world({ drifted: [QUOTA] }))).toEqual({ ...IN_FORCE, quota: false });
    expect(isolationOf(world({}, wide))).toEqual({ ...IN_FORCE, podSecurity: false });
    expect(isolationOf(world({}, fewer))).toEqual({ ...IN_FORCE, storageClasses: false });
  });

  it('says nothing while a release is being written', () => {
    const inventory = {
      release: { ...release, phase: 'before' },
      objects: [],
      policies: [QUOTA],
      exposed: [],
      usesApi: false,
    } as const;

    expect(isolationOf(world({ inventory }))).toBeUndefined();
    expect(isolationOf(world({ namespace: undefined }))).toBeUndefined();
  });
});
