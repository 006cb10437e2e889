import type { RequestRecord } from './faults.ts';
import { isMap, mapAt, stringAt } from './json.ts';
import type { FakeApiOptions } from './options.ts';
import type { Target } from './request-path.ts';
import { notImplemented } from './status-error.ts';

/** Answers SubjectAccessReview and its self form by the server's own authorizer; undefined for anything else. */
export function reviewAccess(
  request: RequestRecord,
  target: Extract<Target, { type: 'objects' }>,
  options: FakeApiOptions,
): object | undefined {
  if (request.method !== 'POST' || !isMap(request.body)) return undefined;
  if (target.group === 'authentication.k8s.io' && target.plural === 'selfsubjectreviews') {
    return {
      ...request.body,
      status: { userInfo: { username: request.user, groups: ['system:authenticated'] } },
    };
  }
  if (target.group !== 'authorization.k8s.io') return undefined;
  if (target.plural !== 'subjectaccessreviews' && target.plural !== 'selfsubjectaccessreviews') {
    throw notImplemented(`${target.plural}.authorization.k8s.io`);
  }
  const spec = mapAt(request.body, 'spec');
  const asked = mapAt(spec, 'resourceAttributes');
  const text = (key: string): string => stringAt(asked, key) ?? '';
  const allowed =
    options.authorize?.({
      user: target.plural === 'selfsubjectaccessreviews' ? request.user : (stringAt(spec, 'user') ?? ''),
      verb: text('verb'),
      group: text('group'),
      resource: text('resource'),
      subresource: text('subresource'),
      namespace: text('namespace'),
      name: text('name'),
    }) ?? true;
  return { ...request.body, status: { allowed } };
}
