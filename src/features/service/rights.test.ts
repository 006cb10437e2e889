import { describe, expect, it } from 'vitest';
import { CLUSTER_ROLE, CONFIG_MAP, ROLE, ROLE_BINDING } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import type { AnyObject } from '../../kube/object.ts';
import { chartRights } from './chart-rights.ts';
import { isCovered, missingPermissions, permissionFile, rightsOf, toRules } from './rights.ts';

describe('isCovered', () => {
  const right = { group: 'apps', resource: 'deployments', verb: 'create' };

  it.each<[string, Parameters<typeof isCovered>[0], Parameters<typeof isCovered>[1], boolean]>([
    ['by the same', right, [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['create'] }], true],
    ['by wildcards', right, [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }], true],
    [
      'not by another group',
      right,
      [{ apiGroups: [''], resources: ['deployments'], verbs: ['create'] }],
      false,
    ],
    [
      'not by another verb',
      right,
      [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] }],
      false,
    ],
    [
      'not by pieces of two rules',
      right,
      [
        { apiGroups: ['apps'], resources: ['x'], verbs: ['create'] },
        { apiGroups: ['x'], resources: ['deployments'], verbs: ['create'] },
      ],
      false,
    ],
    [
      'not by a rule for one name',
      right,
      [{ apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['a'], verbs: ['create'] }],
      false,
    ],
    [
      'for one name by a rule for it',
      { ...right, name: 'a' },
      [{ apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['a'], verbs: ['create'] }],
      true,
    ],
    [
      'a subresource not by its resource',
      { ...right, resource: 'deployments/scale' },
      [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['create'] }],
      false,
    ],
    [
      'a subresource by any of its name',
      { ...right, resource: 'deployments/scale' },
      [{ apiGroups: ['apps'], resources: ['*/scale'], verbs: ['create'] }],
      true,
    ],
  ])('%s', (_name, wanted, rules, expected) => {
    expect(isCovered(wanted, rules)).toBe(expected);
  });
});

describe('toRules', () => {
  it('joins verbs and is the inverse of rightsOf', () => {
    const rules = [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['create', 'get'] }];

    expect(toRules(rules.flatMap(rightsOf))).toEqual(rules);
  });
});

describe('permissionFile', () => {
  it("is KubePlus's", () => {
    const rules = [
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['a'], verbs: ['get'] },
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['create'] },
    ];

    expect(JSON.parse(permissionFile(rules, [{ path: '/metrics', verb: 'get' }]))).toEqual({
      perms: {
        '': [{ 'secrets/resourceName::a': ['get'] }],
        apps: [{ deployments: ['create'] }],
        'non-apigroup': [{ 'nonResourceURL::/metrics': ['get'] }],
      },
    });
    expect(missingPermissions(rules)).toMatch(
      /^KubePlus does not have the following permissions required by the Chart\. Use provider-kubeconfig\.py to add the missing permissions\.\n\{"perms"/,
    );
  });
});

describe('chartRights', () => {
  const kinds = new Map<string, Kind>([
    ['v1/ConfigMap', CONFIG_MAP],
    ['rbac.authorization.k8s.io/v1/Role', ROLE],
    ['rbac.authorization.k8s.io/v1/ClusterRole', CLUSTER_ROLE],
    ['rbac.authorization.k8s.io/v1/RoleBinding', ROLE_BINDING],
  ]);
  const object = (
    apiVersion: string,
    kind: string,
    more: object = {},
  ): { source: string; object: AnyObject } => ({
    source: 't.yaml',
    object: { apiVersion, kind, metadata: { name: 'x' }, ...more },
  });
  const RBAC = 'rbac.authorization.k8s.io/v1';

  it('asks for the kinds, for what Roles grant and for the ClusterRoles that are bound', () => {
    const { rights, paths } = chartRights(
      [
        object('v1', 'ConfigMap'),
        object(RBAC, 'Role', { rules: [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] }] }),
        object(RBAC, 'ClusterRole', { rules: [{ nonResourceURLs: ['/healthz'], verbs: ['get'] }] }),
        object(RBAC, 'RoleBinding', { roleRef: { kind: 'ClusterRole', name: 'view' } }),
      ],
      kinds,
    );

    expect(rights).toContainEqual({ group: '', resource: 'configmaps', verb: 'create' });
    expect(rights).toContainEqual({ group: '', resource: 'pods/exec', verb: 'create' });
    expect(rights).toContainEqual({
      group: 'rbac.authorization.k8s.io',
      resource: 'clusterroles',
      verb: 'bind',
      name: 'view',
    });
    expect(paths).toEqual([{ path: '/healthz', verb: 'get' }]);
  });
});
