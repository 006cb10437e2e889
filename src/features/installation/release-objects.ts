import type { Discovery } from '../../client/discovery.ts';
import { RELEASE_NAME_ANNOTATION } from '../../api/names.ts';
import type { Manifest } from '../../helm/rendering.ts';
import type { Kind } from '../../kube/kind.ts';
import type { AnyObject, KubeObject } from '../../kube/object.ts';
import { parseManifests } from '../../kube/yaml.ts';

/** As Helm marks what belongs to a release. */
export const RELEASE_NAMESPACE_ANNOTATION = 'meta.helm.sh/release-namespace';

export interface ReleaseName {
  readonly name: string;
  readonly namespace: string;
}

/** One object of a release, ready to be written. */
export interface ReleaseObject {
  readonly kind: Kind;
  readonly object: AnyObject;
}

/**
 * The objects of a rendering in Helm's order: namespaced ones without a namespace get the release's, and all carry Helm's marks, so
 * that a stock helm goes on where we leave off. Fails where the cluster does not serve a kind.
 */
export async function releaseObjects(
  manifests: readonly Manifest[],
  release: ReleaseName,
  discovery: Pick<Discovery, 'kindFor'>,
): Promise<readonly ReleaseObject[]> {
  const objects = manifests.flatMap(({ content, source }) =>
    parseManifests(content).map((object) => ({ object, source })),
  );
  return Promise.all(
    objects.map(async ({ object, source }) => {
      const kind = await discovery.kindFor(object.apiVersion, object.kind);
      if (kind === undefined)
        throw new Error(`${source}: this cluster does not serve ${object.kind} in ${object.apiVersion}`);
      return { kind, object: marked(object, kind, release) };
    }),
  );
}

function marked(object: AnyObject, kind: Kind, release: ReleaseName): AnyObject {
  const { metadata } = object;
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(kind.namespaced ? { namespace: metadata.namespace ?? release.namespace } : {}),
      annotations: {
        ...metadata.annotations,
        [RELEASE_NAME_ANNOTATION]: release.name,
        [RELEASE_NAMESPACE_ANNOTATION]: release.namespace,
      },
    },
  };
}

/** True if a stored object belongs to the release (Helm's rule: both annotations say so). */
export function isOfRelease(stored: KubeObject, release: ReleaseName): boolean {
  const { annotations = {} } = stored.metadata;
  return (
    annotations[RELEASE_NAME_ANNOTATION] === release.name &&
    annotations[RELEASE_NAMESPACE_ANNOTATION] === release.namespace
  );
}

/** What the previous release had and this one has not, last written first. */
export function obsolete(
  before: readonly ReleaseObject[],
  now: readonly ReleaseObject[],
): readonly ReleaseObject[] {
  const keyOf = ({ kind, object }: ReleaseObject): string =>
    `${kind.group}/${kind.plural}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
  const kept = new Set(now.map(keyOf));
  return before.filter((old) => !kept.has(keyOf(old))).toReversed();
}
