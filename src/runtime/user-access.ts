import type { Client } from '../client/client.ts';
import type { AdmissionRequest } from './admission.ts';

/** What somebody wants to do. */
export interface WantedAccess {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

/** Whether RBAC lets a user do something, asked by SubjectAccessReview. */
export async function mayUser(
  client: Client,
  { username, uid, groups }: AdmissionRequest['user'],
  resourceAttributes: WantedAccess,
  signal: AbortSignal,
): Promise<boolean> {
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: username, uid, groups, resourceAttributes },
  };
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const { text } = await client.raw({ method: 'POST', path, body, signal });
  // The answer of this API; anything else in it counts as a no.
  const { status } = JSON.parse(text) as { readonly status?: { readonly allowed?: boolean } };
  return status?.allowed === true;
}
