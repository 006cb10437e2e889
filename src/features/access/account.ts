import { OPERATOR_NAME } from '../../api/names.ts';
import { withRemedy } from '../../lib/with-remedy.ts';

/** KubePlus's names of the two accounts; scripts and kubeconfigs of its users carry them. */
export const PROVIDER_ACCOUNT = 'kubeplus-saas-provider';
export const CONSUMER_ACCOUNT = 'kubeplus-saas-consumer';

/** On everything that belongs to an account: `provider` or `consumer`. What lacks it is never taken over or deleted. */
export const ACCESS_LABEL = 'tenantry.dev/access';

/** A ServiceAccount that stands for a person or program outside the cluster. */
export interface Account {
  readonly role: 'provider' | 'consumer';
  readonly namespace: string;
  readonly name: string;
}

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const MAX_LABEL = 63;
/** Accounts that exist for something else: who got a token of theirs would be somebody else. */
const NOT_FOR_PEOPLE = ['default', OPERATOR_NAME, PROVIDER_ACCOUNT];

/**
 * The account of a provider, or of the consumer of that name, in a namespace. Names are checked here, once: they become names of
 * objects and of a file, and nothing else. Throws an Error with a remedy.
 */
export function accountOf(namespace: string, consumer?: string): Account {
  requireLabel('namespace', namespace);
  if (consumer === undefined) return { role: 'provider', namespace, name: PROVIDER_ACCOUNT };
  requireLabel('consumer', consumer);
  if (NOT_FOR_PEOPLE.includes(consumer))
    throw withRemedy(
      `consumer ${consumer}: this account exists for something else`,
      'Choose another name for the consumer.',
    );
  return { role: 'consumer', namespace, name: consumer };
}

function requireLabel(what: string, text: string): void {
  if (DNS_LABEL.test(text) && text.length <= MAX_LABEL) return;
  throw withRemedy(
    `${what} ${JSON.stringify(text)} is not a name that Kubernetes takes`,
    `Use small letters, digits and dashes, at most ${MAX_LABEL}.`,
  );
}

/** Who the account is to the API server. */
export function userNameOf({ namespace, name }: Account): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/**
 * Name of the account's cluster-wide role. Namespaces and names hold no colon, so two accounts never share one, and the prefix keeps
 * it apart from roles of others.
 */
export function clusterRoleNameOf({ role, namespace, name }: Account): string {
  return role === 'provider' ? `tenantry:provider:${namespace}` : `tenantry:consumer:${namespace}:${name}`;
}

/** Name of what lets the operator into a provider's namespace and group. */
export function operatorRoleNameOf(namespace: string): string {
  return `tenantry:operator:${namespace}`;
}

/** KubePlus's ConfigMap with the names of what an account was granted, and its key. */
export function permsNameOf({ name }: Account): { readonly name: string; readonly key: string } {
  return { name: `${name}-perms`, key: `${name}-perms.txt` };
}

/** Names of the role that `create` writes and of the one that `update` adds to; no account's name holds a colon. */
export function roleNamesOf({ name }: Account): { readonly base: string; readonly update: string } {
  return { base: name, update: `${name}:update` };
}

/** Labels of everything that is made for an account. */
export function accessLabels(account: Account): Readonly<Record<string, string>> {
  return { [ACCESS_LABEL]: account.role, 'app.kubernetes.io/managed-by': 'tenantry' };
}
