import type { Client } from '../../client/client.ts';
import { isMap, textsIn } from '../../lib/narrow.ts';
import { isAboutObjects, joinRules, type Rule } from './rules.ts';

/** What the API server lets this client's identity do in a namespace, as it judges itself. Throws KubeError. */
export async function reviewRules(client: Client, namespace: string): Promise<readonly Rule[]> {
  const { text } = await client.raw({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace },
    },
  });
  const answer: unknown = JSON.parse(text);
  const status = isMap(answer) && isMap(answer['status']) ? answer['status'] : {};
  return [...rulesIn(status['resourceRules']), ...rulesIn(status['nonResourceRules'])];
}

function rulesIn(list: unknown): readonly Rule[] {
  if (!Array.isArray(list)) return [];
  return list.filter(isMap).map((rule) => {
    const verbs = textsIn(rule['verbs']);
    const paths = textsIn(rule['nonResourceURLs']);
    if (paths.length > 0) return { nonResourceURLs: paths, verbs };
    return {
      apiGroups: textsIn(rule['apiGroups']),
      resources: textsIn(rule['resources']),
      resourceNames: textsIn(rule['resourceNames']),
      verbs,
    };
  });
}

/** Header and rows of `kubectl auth can-i --list`: one row for each thing, sorted, paths last. Pure. */
export function rulesTable(rules: readonly Rule[]): {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
} {
  const header = ['Resources', 'Non-Resource URLs', 'Resource Names', 'Verbs'];
  const list = (texts: readonly string[]): string => `[${texts.join(' ')}]`;
  const joined = joinRules(rules);
  const sorted = [...joined.filter(isAboutObjects), ...joined.filter((rule) => !isAboutObjects(rule))];
  const rows = sorted.map(({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }) => {
    const [group = ''] = apiGroups ?? [];
    const [resource = ''] = resources ?? [];
    return [
      // A blank, as kubectl leaves it.
      [resource, group].filter((part) => part !== '').join('.') || ' ',
      list(nonResourceURLs ?? []),
      list(resourceNames ?? []),
      list(verbs),
    ];
  });
  return { header, rows };
}
