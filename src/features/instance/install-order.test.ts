import { describe, expect, it } from 'vitest';
import * as kinds from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import { installRounds } from './install-order.ts';

const WIDGET: Kind = {
  group: 'x.io',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
};

describe('installRounds', () => {
  it('writes what pods need at once and the pods after it', () => {
    const rounds = installRounds(
      [kinds.DEPLOYMENT, kinds.SERVICE, kinds.PVC, kinds.SECRET, kinds.INGRESS].map((kind) => ({ kind })),
    );

    expect(rounds.map((round) => round.map(({ kind }) => kind.kind))).toEqual([
      ['Service', 'PersistentVolumeClaim', 'Secret'],
      ['Deployment', 'Ingress'],
    ]);
  });

  it('writes roles before bindings and custom resources last, whatever their kind is called', () => {
    const rounds = installRounds(
      [WIDGET, kinds.DEPLOYMENT, kinds.ROLE_BINDING, kinds.ROLE].map((kind) => ({ kind })),
    );

    expect(rounds.map((round) => round.map(({ kind }) => `${kind.group}/${kind.kind}`))).toEqual([
      ['rbac.authorization.k8s.io/Role'],
      ['rbac.authorization.k8s.io/RoleBinding'],
      ['apps/Deployment'],
      ['x.io/Deployment'],
    ]);
  });

  it('is empty for nothing', () => {
    expect(installRounds([])).toEqual([]);
  });
});
