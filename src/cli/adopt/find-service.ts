import { REVISION, type Revision } from '../../api/revision.ts';
import type { Instance } from '../../api/instance.ts';
import type { Reader } from '../../client/client.ts';
import { unlessForbidden } from '../../client/unless-forbidden.ts';
import type { Kind } from '../../kube/kind.ts';
import { UserError } from '../cli-io.ts';

/** The revision that new instances of a kind run. Throws UserError where whoever asks sees none. */
export async function currentRevision(
  reader: Reader,
  kind: Kind<Instance>,
  operatorNamespace: string,
): Promise<Revision> {
  const everywhere = await unlessForbidden(reader.list(REVISION));
  const { items } = everywhere ?? (await reader.list(REVISION, { namespace: operatorNamespace }));
  const own = items.filter(
    ({ spec }) => spec.resource.group === kind.group && spec.resource.kind === kind.kind,
  );
  const newest = own.sort((one, other) => one.spec.number - other.spec.number).at(-1);
  if (newest !== undefined) return newest;
  throw new UserError(
    `there is no revision of ${kind.kind}: its service is not registered, or you may not see it`,
    'Look at `tenantry status`; the provider of the service can adopt releases.',
  );
}
