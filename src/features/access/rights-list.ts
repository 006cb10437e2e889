import type { Rule } from './rules.ts';
import type { AccessObject } from './access-objects.ts';
import { CLUSTER_ROLE, ROLE } from '../../kube/builtin-kinds.ts';

/** The rules in lines that a person reads before they are granted: each role, where it holds, what it lets whom do. */
export function rightsList(objects: readonly AccessObject[]): string {
  return objects
    .filter(({ kind }) => kind === ROLE || kind === CLUSTER_ROLE)
    .map(({ kind, object }) => {
      const { name, namespace } = object.metadata;
      const where = kind === ROLE ? `Role ${name}, in namespace ${namespace}` : `ClusterRole ${name}`;
      // True: these objects were made by us, and both kinds hold rules.
      const rules = object['rules'] as readonly Rule[];
      return `${where}\n${rules.map((rule) => `  ${ruleLine(rule)}\n`).join('')}`;
    })
    .join('');
}

function ruleLine({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }: Rule): string {
  const group = apiGroups?.filter((one) => one !== '').join(', ') ?? '';
  const what =
    nonResourceURLs?.join(', ') ?? `${(resources ?? []).join(', ')}${group === '' ? '' : ` (${group})`}`;
  const only = (resourceNames ?? []).length === 0 ? '' : ` only ${(resourceNames ?? []).join(', ')}`;
  return `${what}${only}: ${verbs.join(' ')}`;
}
