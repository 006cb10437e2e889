import type { Instance } from '../../api/instance.ts';
import { DEFAULT_SERVICE_GROUP } from '../../api/names.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../../api/resource-composition.ts';
import type { Reader } from '../../client/client.ts';
import { unlessForbidden } from '../../client/unless-forbidden.ts';
import type { Kind } from '../../kube/kind.ts';

/** The compositions that register a kind, as far as the user may see them. */
export async function compositionsOf(
  reader: Pick<Reader, 'list'>,
  kind: Kind<Instance>,
): Promise<readonly ResourceComposition[]> {
  const list = await unlessForbidden(reader.list(RESOURCE_COMPOSITION));
  return (list?.items ?? []).filter((composition) => registers(composition, kind));
}

/** Without a group it is KubePlus's in the operator's namespace, and one of the provider's own elsewhere. */
function registers({ metadata, spec }: ResourceComposition, kind: Kind<Instance>): boolean {
  const { resource } = spec.newResource;
  if (resource.kind !== kind.kind) return false;
  if (resource.group !== undefined) return resource.group === kind.group;
  return (
    kind.group === DEFAULT_SERVICE_GROUP || kind.group === `${metadata.namespace}.${DEFAULT_SERVICE_GROUP}`
  );
}
