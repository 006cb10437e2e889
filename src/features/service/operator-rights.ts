import type { RevisionSpec } from '../../api/revision.ts';
import { DEFAULT_SERVICE_GROUP, OPERATOR_NAME } from '../../api/names.ts';
import type { Client } from '../../client/client.ts';
import type { Kind } from '../../kube/kind.ts';
import type { AnyObject, KubeObject } from '../../kube/object.ts';
import type { ChartProblem } from './chart-problem.ts';
import { missingPermissions, toRules, type Right } from './rights.ts';

/** Somebody's right to something, asked of the API server. */
export interface AccessReview extends KubeObject {
  readonly spec: AnyObject['spec'];
  readonly status?: { readonly allowed?: boolean };
}

export const SELF_SUBJECT_ACCESS_REVIEW: Kind<AccessReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
};

export const SUBJECT_ACCESS_REVIEW: Kind<AccessReview> = {
  ...SELF_SUBJECT_ACCESS_REVIEW,
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
};

/** Asks; the object is never stored, so it has no name. */
export async function isAllowed(
  client: Client,
  kind: Kind<AccessReview>,
  spec: unknown,
  signal?: AbortSignal,
): Promise<boolean> {
  const review: AccessReview = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: kind.kind,
    metadata: { name: '' },
    spec,
  };
  const answer = await client.create(kind, review, { signal });
  return answer.status?.allowed === true;
}

const VERBS = ['delete', 'get', 'list', 'patch', 'update', 'watch'] as const;
/** How soon a grant is noticed. */
const GRANT_RETRY_MS = 30_000;

/**
 * A group of a provider's own is not among the rights that the operator comes with: what it must be granted first, as a
 * permission file. KubePlus's group needs no question.
 */
export async function operatorProblems(
  client: Client,
  resource: RevisionSpec['resource'],
  signal?: AbortSignal,
): Promise<readonly ChartProblem[]> {
  const { group, plural } = resource;
  if (group === DEFAULT_SERVICE_GROUP) return [];
  const wanted: Right[] = [
    ...VERBS.map((verb) => ({ group, resource: plural, verb })),
    { group, resource: `${plural}/status`, verb: 'patch' },
  ];
  const answers = await Promise.all(
    wanted.map(async ({ verb, resource: path }) => {
      const [name, subresource] = path.split('/');
      const resourceAttributes = {
        group,
        resource: name,
        verb,
        ...(subresource === undefined ? {} : { subresource }),
      };
      return isAllowed(client, SELF_SUBJECT_ACCESS_REVIEW, { resourceAttributes }, signal);
    }),
  );
  const missing = wanted.filter((_right, index) => answers[index] !== true);
  if (missing.length === 0) return [];
  const remedy = `The cluster's owner grants it to the operator's ServiceAccount ${OPERATOR_NAME} (docs/guide.md, "A namespace for each provider").`;
  return [missingPermissions(toRules(missing)), remedy].map((message) => ({
    reason: 'MissingPermissions',
    message,
    retryMs: GRANT_RETRY_MS,
  }));
}

/** What to do where the operator may not read or keep charts: its Role is in its own namespace only. */
export function notLetIn(namespace: string, error: Error): string {
  return `metadata.namespace: ${error.message}; the operator keeps a service's charts and texts beside the composition and needs the rights of its Role ${OPERATOR_NAME} in ${namespace}, too (docs/guide.md, "A namespace for each provider")`;
}
