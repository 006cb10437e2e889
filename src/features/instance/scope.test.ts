import { describe, expect, it } from 'vitest';
import type { Kind } from '../../kube/kind.ts';
import * as kinds from '../../kube/builtin-kinds.ts';
import type { AnyObject } from '../../kube/object.ts';
import { checkScope, type ScopeContext } from './scope.ts';

const WIDGET: Kind = { group: 'x.io', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };
const SERVED: readonly Kind[] = [
  kinds.CONFIG_MAP,
  kinds.SECRET,
  kinds.NAMESPACE,
  kinds.CLUSTER_ROLE,
  kinds.NETWORK_POLICY,
  kinds.RESOURCE_QUOTA,
  kinds.ROLE_BINDING,
  kinds.DEPLOYMENT,
  WIDGET,
];

function context(changes: Partial<ScopeContext['revision']> = {}): ScopeContext {
  return {
    target: 'wp',
    release: 'wordpressservice-wp',
    revision: {
      kinds: [],
      rules: [],
      policies: { podSecurity: 'baseline', fillResources: true, egress: 'default', allowedClusterKinds: [] },
      ...changes,
    },
    kindOf: (apiVersion, kind) =>
      SERVED.find(
        (one) =>
          one.kind === kind &&
          apiVersion === (one.group === '' ? one.version : `${one.group}/${one.version}`),
      ),
  };
}

function rendered(apiVersion: string, kind: string, metadata: object = { name: 'a' }, rest: object = {}) {
  // Tests may leave metadata incomplete on purpose.
  const object = { apiVersion, kind, metadata, ...rest } as AnyObject;
  return { source: 'w/templates/a.yaml', object };
}

describe('checkScope', () => {
  it('puts objects without a namespace into the instance’s', () => {
    const { objects, findings } = checkScope([rendered('v1', 'ConfigMap')], context());

    expect(findings).toEqual([]);
    expect(objects[0]?.object.metadata.namespace).toBe('wp');
  });

  it.each([
    [
      'an object of a foreign namespace',
      rendered('v1', 'ConfigMap', { name: 'a', namespace: 'kube-system' }),
      /namespace kube-system/,
    ],
    [
      'a cluster-scoped object',
      rendered('rbac.authorization.k8s.io/v1', 'ClusterRole'),
      /allowedClusterKinds/,
    ],
    ['a Namespace', rendered('v1', 'Namespace'), /Namespace object is not allowed in the chart/],
    [
      'a kind the service has no right to',
      rendered('x.io/v1', 'Widget'),
      /did not render when it was registered/,
    ],
    [
      'the isolating network policy',
      rendered('networking.k8s.io/v1', 'NetworkPolicy', { name: 'restrict-cross-ns-traffic' }),
      /isolation/,
    ],
    [
      'one that opens further Services',
      rendered('networking.k8s.io/v1', 'NetworkPolicy', { name: 'allow-external-traffic-x' }),
      /isolation/,
    ],
    [
      'an object that somebody else’s would delete, or that would keep it from going',
      rendered('v1', 'ConfigMap', {
        name: 'a',
        ownerReferences: [
          { apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: 'u', blockOwnerDeletion: true },
        ],
      }),
      /ownerReferences/,
    ],
    ['the quota', rendered('v1', 'ResourceQuota', { name: 'wordpressservice-wp' }), /isolation/],
    [
      'the service’s binding',
      rendered('rbac.authorization.k8s.io/v1', 'RoleBinding', { name: 'tenantry-instance' }),
      /isolation/,
    ],
    ['a forged release by name', rendered('v1', 'Secret', { name: 'sh.helm.release.v1.x.v1' }), /isolation/],
    [
      'a forged release by type',
      rendered('v1', 'Secret', { name: 'a' }, { type: 'helm.sh/release.v1' }),
      /isolation/,
    ],
  ])('refuses %s, naming object and template', (_name, object, message) => {
    const { findings } = checkScope([object], context());

    expect(findings).toHaveLength(1);
    expect(findings[0]?.reason).toBe('KindNotAllowed');
    expect(findings[0]?.message).toMatch(message);
    expect(findings[0]?.message).toContain('(w/templates/a.yaml)');
  });

  it('allows a cluster-scoped kind by its exact name only', () => {
    const role = rendered('rbac.authorization.k8s.io/v1', 'ClusterRole');
    const policies = context().revision.policies;
    const allow = (name: string) =>
      checkScope([role], context({ policies: { ...policies, allowedClusterKinds: [name] } })).findings;

    expect(allow('rbac.authorization.k8s.io/ClusterRole')).toEqual([]);
    expect(allow('ClusterRole')).toHaveLength(1);
    expect(allow('*')).toHaveLength(1);
  });

  it('never allows a Namespace, even by name', () => {
    const policies = { ...context().revision.policies, allowedClusterKinds: ['Namespace'] };

    expect(checkScope([rendered('v1', 'Namespace')], context({ policies })).findings).toHaveLength(1);
  });

  it('allows a kind that was registered or that the service’s rules cover', () => {
    const widget = rendered('x.io/v1', 'Widget');
    const rules = [{ apiGroups: ['x.io'], resources: ['widgets'], verbs: ['create'] }];

    expect(checkScope([widget], context({ rules })).findings).toEqual([]);
    expect(
      checkScope([widget], context({ kinds: [{ apiVersion: 'x.io/v1', kind: 'Widget', namespaced: true }] }))
        .findings,
    ).toEqual([]);
  });

  it.each([
    ['an eviction', 'policy/v1', 'Eviction'],
    ['a binding to a node', 'v1', 'Binding'],
    ['a token', 'authentication.k8s.io/v1', 'TokenRequest'],
    ['a question about rights', 'authorization.k8s.io/v1', 'LocalSubjectAccessReview'],
    ['a list of objects', 'v1', 'ConfigMapList'],
    ['the size of another', 'autoscaling/v1', 'Scale'],
  ])('writes no %s, which the server takes without keeping it', (_name, apiVersion, kind) => {
    const served: Kind = {
      group: apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '',
      version: 'v1',
      kind,
      plural: `${kind.toLowerCase()}s`,
      namespaced: true,
    };

    const { findings } = checkScope([rendered(apiVersion, kind)], { ...context(), kindOf: () => served });

    expect(findings).toMatchObject([{ reason: 'KindNotAllowed' }]);
  });

  it('says which kind is not served', () => {
    const [finding] = checkScope([rendered('y.io/v1', 'Gadget')], context()).findings;

    expect(finding).toMatchObject({ reason: 'KindNotServed' });
  });

  it('refuses an object rendered twice and one without a name', () => {
    const reasons = checkScope(
      [
        rendered('v1', 'ConfigMap'),
        rendered('v1', 'ConfigMap'),
        rendered('v1', 'ConfigMap', { generateName: 'x-' }),
      ],
      context(),
    ).findings;

    expect(reasons.map(({ message }) => message)).toEqual([
      expect.stringContaining('rendered twice'),
      expect.stringContaining('generateName'),
    ]);
  });

  it('reports everything at once', () => {
    const bad = [rendered('v1', 'Namespace'), rendered('v1', 'ConfigMap', { name: 'a', namespace: 'other' })];

    expect(checkScope(bad, context()).findings).toHaveLength(2);
  });
});
