import semver from 'semver';
import { sha256 } from '../../lib/hash.ts';
import type { AnyObject } from '../../kube/object.ts';

/** Hash of the CRD's spec as this version writes it. */
export const SCHEMA_HASH_ANNOTATION = 'tenantry.dev/schema-hash';
/** Version of Tenantry that wrote the CRD last. */
export const VERSION_ANNOTATION = 'tenantry.dev/version';

/** A CRD manifest with the two annotations by which versions tell each other apart. */
export function stampCrd(manifest: AnyObject, version: string): AnyObject {
  const annotations = {
    ...manifest.metadata.annotations,
    'helm.sh/resource-policy': 'keep',
    [SCHEMA_HASH_ANNOTATION]: sha256(JSON.stringify(manifest['spec'])).slice(0, 16),
    [VERSION_ANNOTATION]: version,
  };
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
}

/**
 * What to do about one CRD: `create` where there is none, `apply` where ours is different and not older, `keep` otherwise. A CRD without
 * a version (KubePlus's own, for instance) counts as older.
 */
export function crdAction(stored: AnyObject | undefined, wanted: AnyObject): 'create' | 'apply' | 'keep' {
  if (stored === undefined) return 'create';
  const theirs = stored.metadata.annotations ?? {};
  const ours = wanted.metadata.annotations ?? {};
  if (theirs[SCHEMA_HASH_ANNOTATION] === ours[SCHEMA_HASH_ANNOTATION]) return 'keep';
  const theirVersion = semver.valid(theirs[VERSION_ANNOTATION]);
  const ourVersion = semver.valid(ours[VERSION_ANNOTATION]);
  if (theirVersion !== null && ourVersion !== null && semver.gt(theirVersion, ourVersion)) return 'keep';
  return 'apply';
}
