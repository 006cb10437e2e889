import { describe, expect, it } from 'vitest';
import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import type { Facts } from './facts.ts';
import type { Control } from './finding.ts';
import { judgeIsolation } from './judge.ts';
import type { PodAnswer } from './pod-answer.ts';

const FORBIDDEN: PodAnswer = { by: 'somebody', message: 'pods is forbidden' };
const NOTHING: Facts = {
  uid: 'u1',
  target: 'home',
  nodeName: 'n1',
  policies: 'hidden',
  namespace: 'hidden',
  account: undefined,
  markOf: () => undefined,
  quotas: 'hidden',
  limits: 'hidden',
  networkPolicies: 'hidden',
  bindings: 'hidden',
  defaultAccount: 'hidden',
  pods: 'hidden',
  admissionPolicies: 'hidden',
  admissionBindings: 'hidden',
  privilegedPod: FORBIDDEN,
  largePod: FORBIDDEN,
};
const stateOf = (control: Control, facts: Facts): string | undefined =>
  judgeIsolation(facts).find((one) => one.control === control)?.state;

describe('what may not be read', () => {
  it('is unknown, never green, and says what to do', () => {
    const findings = judgeIsolation(NOTHING).filter(({ control }) => !control.startsWith('packet'));

    expect(findings.filter(({ state }) => state !== 'unknown')).toEqual([]);
    expect(findings.filter(({ remedy }) => remedy === '')).toEqual([]);
    expect(findings.map(({ message }) => message)).toContain('you may not read networkpolicies in home');
  });

  it('hides nothing of what may be read', () => {
    const namespace = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: 'home',
        labels: { [INSTANCE_UID_LABEL]: 'u1', 'pod-security.kubernetes.io/enforce': 'baseline' },
      },
    };
    const seen = { ...NOTHING, namespace };

    expect([stateOf('namespace', seen), stateOf('pod security', seen), stateOf('quota', seen)]).toEqual([
      'green',
      'green',
      'unknown',
    ]);
    expect(stateOf('namespace', { ...NOTHING, namespace: undefined })).toBe('red');
  });
});

describe('what nobody asks for', () => {
  it('is neither green nor red', () => {
    const policies: Facts['policies'] = {
      podSecurity: 'privileged',
      fillResources: false,
      egress: 'all',
      allowedClusterKinds: [],
    };
    const free: Facts = {
      ...NOTHING,
      policies,
      nodeName: undefined,
      namespace: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'home' } },
      account: { policies: [], objects: [], usesApi: true },
      quotas: [],
      networkPolicies: [],
      privilegedPod: { by: 'nobody', message: '' },
      largePod: { by: 'nobody', message: '' },
      packets: { own: [], apiServer: 'a 1', inside: { 'a 1': true }, outside: { 'a 1': true } },
    };
    const asked: readonly Control[] = [
      ...(['pod security', 'quota', 'egress', 'nodes', 'pod resources', 'storage classes'] as const),
      ...(['strict isolation', 'privileged pod', 'pod above quota', 'packet out'] as const),
    ];

    expect(asked.map((control) => stateOf(control, free))).toEqual(asked.map(() => 'notAsked'));
    // Every instance has its walls.
    expect(stateOf('network policies', free)).toBe('red');
  });
});

it('a mark that was not noted yet says nothing', () => {
  const kind = {
    group: '',
    version: 'v1',
    kind: 'ResourceQuota',
    plural: 'resourcequotas',
    namespaced: true,
  };
  const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace: 'home' } };
  const account = { policies: [{ kind, name: 'q' }], objects: [], usesApi: false };

  expect(stateOf('quota', { ...NOTHING, account, quotas: [quota] })).toBe('unknown');
});
