import { OPERATOR_NAME } from '../../api/names.ts';
import { providerClusterRoleName } from '../../api/instance.ts';
import {
  CLUSTER_ROLE,
  CLUSTER_ROLE_BINDING,
  CONFIG_MAP,
  ROLE,
  ROLE_BINDING,
  SERVICE_ACCOUNT,
} from '../../kube/builtin-kinds.ts';
import { apiVersionOf, type Kind } from '../../kube/kind.ts';
import type { AnyObject } from '../../kube/object.ts';
import {
  accessLabels,
  clusterRoleNameOf,
  operatorRoleNameOf,
  permsNameOf,
  roleNamesOf,
  type Account,
} from './account.ts';
import {
  CONSUMER_RULES,
  OPERATOR_IN_NAMESPACE,
  operatorClusterRules,
  providerClusterRules,
  providerRules,
  type ProviderPlace,
} from './provider-rules.ts';
import { isAboutObjects, joinRules, type Rule } from './rules.ts';

const RBAC = 'rbac.authorization.k8s.io';

/** An object to write, with the kind that addresses it. */
export interface AccessObject {
  readonly kind: Kind;
  readonly object: AnyObject;
}

/** Where a provider works. */
export interface ProviderSite {
  readonly place: ProviderPlace;
  readonly operatorNamespace: string;
  /** Names of our CRDs. */
  readonly crds: readonly string[];
}

/** Everything that `create` writes for an account, but for tokens: in the order in which it is written. Pure. */
export function accessObjects(account: Account, site: ProviderSite | undefined): readonly AccessObject[] {
  const { base } = roleNamesOf(account);
  const own = site === undefined ? CONSUMER_RULES : providerRules(account.namespace, site.place);
  const cluster = site === undefined ? [] : providerClusterRules(site.crds);
  return [
    object(account, SERVICE_ACCOUNT, account.name, {}),
    ...roleObjects(account, base, own),
    ...clusterObjects(account, clusterRoleNameOf(account), cluster, account),
    ...(site === undefined ? [] : operatorObjects(account, site)),
    permsObject(account, [...own, ...cluster]),
  ];
}

/** A Role and its binding to the account; nothing where there are no rules. */
export function roleObjects(account: Account, name: string, rules: readonly Rule[]): readonly AccessObject[] {
  if (rules.length === 0) return [];
  return [
    object(account, ROLE, name, { rules }),
    object(account, ROLE_BINDING, name, {
      roleRef: { apiGroup: RBAC, kind: ROLE.kind, name },
      subjects: [subject(account)],
    }),
  ];
}

/** A ClusterRole and its binding everywhere; nothing where there are no rules. */
export function clusterObjects(
  account: Account,
  name: string,
  rules: readonly Rule[],
  to: { readonly namespace: string; readonly name: string },
): readonly AccessObject[] {
  if (rules.length === 0) return [];
  return [
    object(account, CLUSTER_ROLE, name, { rules }),
    object(account, CLUSTER_ROLE_BINDING, name, {
      roleRef: { apiGroup: RBAC, kind: CLUSTER_ROLE.kind, name },
      subjects: [subject(to)],
    }),
  ];
}

/** What lets the operator work for this provider. */
function operatorObjects(account: Account, site: ProviderSite): readonly AccessObject[] {
  const { namespace } = account;
  const operator = { namespace: site.operatorNamespace, name: OPERATOR_NAME };
  const granted = providerClusterRoleName(namespace);
  const rules = operatorClusterRules(namespace, site.place, granted);
  const inNamespace = [
    object(account, ROLE, OPERATOR_NAME, { rules: OPERATOR_IN_NAMESPACE }),
    object(account, ROLE_BINDING, OPERATOR_NAME, {
      roleRef: { apiGroup: RBAC, kind: ROLE.kind, name: OPERATOR_NAME },
      subjects: [subject(operator)],
    }),
  ];
  return [
    // In the operator's own namespace its chart brings the Role.
    ...(site.place === 'guest' ? inNamespace : []),
    ...clusterObjects(account, operatorRoleNameOf(namespace), rules, operator),
  ];
}

/**
 * What `update` adds, in addition to what it added before: rules about objects hold in the account's namespace; those of a provider
 * also for the charts of the provider's services, in their instances' namespaces. Rules about paths hold everywhere. Pure.
 */
export function updateObjects(account: Account, rules: readonly Rule[]): readonly AccessObject[] {
  const objects = rules.filter(isAboutObjects);
  const paths = rules.filter((rule) => !isAboutObjects(rule));
  const { update } = roleNamesOf(account);
  const forServices =
    account.role === 'provider' && objects.length > 0
      ? [object(account, CLUSTER_ROLE, providerClusterRoleName(account.namespace), { rules: objects })]
      : [];
  return [
    ...roleObjects(account, update, objects),
    ...forServices,
    ...clusterObjects(account, `${clusterRoleNameOf(account)}:update`, paths, account),
  ];
}

/** KubePlus's list of what was granted, as Python prints a list: other programs read it. */
export function permsObject(account: Account, rules: readonly Rule[]): AccessObject {
  const { name, key } = permsNameOf(account);
  const names = [
    ...new Set(
      joinRules(rules).flatMap(({ resources, nonResourceURLs }) => resources ?? nonResourceURLs ?? []),
    ),
  ];
  return object(account, CONFIG_MAP, name, {
    data: { [key]: `[${names.map((resource) => `'${resource}'`).join(', ')}]` },
  });
}

function object(account: Account, kind: Kind, name: string, body: Record<string, unknown>): AccessObject {
  const namespace = kind.namespaced ? { namespace: account.namespace } : {};
  return {
    kind,
    object: {
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: { name, ...namespace, labels: accessLabels(account) },
      ...body,
    },
  };
}

function subject({ namespace, name }: { readonly namespace: string; readonly name: string }): {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
} {
  return { kind: SERVICE_ACCOUNT.kind, namespace, name };
}
