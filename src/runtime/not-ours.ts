import { groupKindOf, type Kind, type ObjectRef } from '../kube/kind.ts';
import { KubeError } from '../kube/kube-error.ts';

/** HTTP status of a conflict: this error stands where the API server's own would. */
const CONFLICT = 409;

/** What marks the error: a cause's reason, so that it survives being wrapped and is told from ordinary conflicts. */
const NOT_OURS = 'NotOurs';

/** The object's name is taken by somebody else; nothing was written. */
export function notOurs(kind: Kind, ref: ObjectRef, ownerLabel: string, owner: string): KubeError {
  const name = ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`;
  const message =
    `${groupKindOf(kind)} ${name} exists already and is not ours (its label ${ownerLabel} is not ${owner}); ` +
    'it was left untouched. Delete or rename it, or choose another name.';
  return new KubeError('Conflict', message, {
    status: CONFLICT,
    causes: [{ reason: NOT_OURS, field: `metadata.labels[${ownerLabel}]`, message }],
  });
}

/** True for the error of `notOurs`: waiting does not help, somebody has to give the name free. */
export function isNotOurs(error: unknown): error is KubeError {
  return error instanceof KubeError && error.causes.some((cause) => cause.reason === NOT_OURS);
}
