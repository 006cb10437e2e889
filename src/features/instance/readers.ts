import { ACCOUNT_ANNOTATION } from '../../api/names.ts';
import type { Json, KubeObject } from '../../kube/object.ts';

/** Users who stand for everybody or nobody: a binding to one of them would open the instance to all. */
const NOBODY = new Set(['', 'system:anonymous', 'system:unauthenticated']);
const ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

/**
 * Who may look at an instance's pods, logs and ports: the user who created it and the one who offers the service. Both names were
 * written by admission, and nobody can change them.
 */
export function readersOf({ metadata }: KubeObject, provider: string | undefined): readonly string[] {
  const creator = metadata.annotations?.[ACCOUNT_ANNOTATION];
  return [...new Set([creator, provider])].flatMap((user) =>
    user === undefined || NOBODY.has(user) ? [] : [user],
  );
}

/** Users as subjects of a binding. */
export function readerSubjects(users: readonly string[]): readonly Json[] {
  return users.map((user) => {
    const [, namespace, name] = ACCOUNT.exec(user) ?? [];
    return namespace === undefined || name === undefined
      ? { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }
      : { kind: 'ServiceAccount', namespace, name };
  });
}
