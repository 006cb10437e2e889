import { z } from 'zod';

/**
 * Versions of Kubernetes that planes run, newest first: one of each minor that Kubernetes itself maintains. Those of the local cluster's
 * tool chain (a test holds the two together), so each was tried.
 */
export const PLANE_VERSIONS = ['1.37.1', '1.36.3', '1.35.4', '1.34.4'] as const;

/** What a plane is made with where nobody says. */
export const NEWEST_PLANE_VERSION: string = PLANE_VERSIONS[0];

/** `1.37` of `1.37.1`. */
export function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

/** `spec.version` of a plane: a minor, or one of its releases. */
export const planeVersionSchema = z
  .enum([...PLANE_VERSIONS.map(minorOf), ...PLANE_VERSIONS])
  .describe(
    'Version of Kubernetes: a minor, or one of its releases. A plane keeps the release that it was made with, whatever the operator knows later, until another minor or release is named here. It is raised one minor after the other, API servers before controllers, and never lowered. Default: the newest when the plane is made.',
  );

/** In CEL, the number of the minor in a version that `field` holds. */
const minorIn = (field: string): string => `int(${field}.split('.')[1])`;

/** Rule over a spec: what was asked for once is not lowered, for what it has stored may be unknown to older API servers. */
export const VERSION_SPEC_RULE = {
  rule: `!has(self.version) || !has(oldSelf.version) || ${minorIn('self.version')} >= ${minorIn('oldSelf.version')}`,
  message:
    "version can't be lowered: an older API server may not read what a newer one has stored; make another plane",
};

/** Rule over the whole object: the same against what the plane runs, where the spec did not say before. */
export const VERSION_STATUS_RULE = {
  rule: `!has(self.spec.version) || !has(self.status) || !has(self.status.version) || ${minorIn('self.spec.version')} >= ${minorIn('self.status.version')}`,
  message:
    "spec.version can't be below status.version: an older API server may not read what a newer one has stored; make another plane",
};
