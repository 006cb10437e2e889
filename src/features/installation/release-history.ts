import type { Client } from '../../client/client.ts';
import { decodeRelease, encodeRelease, RELEASE_SELECTOR } from '../../helm/release-secret.ts';
import { revisionsToForget, type ReleaseRecord } from '../../helm/release.ts';
import { SECRET } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import { releaseSecretName } from '../../helm/release-secret.ts';
import type { ReleaseName } from './release-objects.ts';

/** Secrets as JSON, whatever they hold. */
const SECRETS: Kind<KubeObject> = {
  group: SECRET.group,
  version: SECRET.version,
  kind: SECRET.kind,
  plural: SECRET.plural,
  namespaced: true,
};

/** All revisions of a release, oldest first. Throws KubeError, or ReleaseError for one that can't be read. */
export async function readHistory(client: Client, release: ReleaseName): Promise<readonly ReleaseRecord[]> {
  const { items } = await client.list(SECRETS, {
    namespace: release.namespace,
    labelSelector: `${RELEASE_SELECTOR},name=${release.name}`,
  });
  return items.map((secret) => decodeRelease(secret)).toSorted((a, b) => a.version - b.version);
}

/** Writes one revision, whether it exists or not. `now` in milliseconds since the epoch. */
export async function writeRelease(client: Client, record: ReleaseRecord, now: number): Promise<void> {
  const secret = encodeRelease(record, { modifiedAt: now });
  await client.apply<KubeObject>(SECRETS, secret, { fieldManager: 'helm', force: true });
}

/** Deletes the revisions that are more than Helm keeps, before a further one is written. */
export async function trimHistory(
  client: Client,
  release: ReleaseName,
  history: readonly ReleaseRecord[],
): Promise<void> {
  const forget = revisionsToForget(history.map(({ version, info }) => ({ version, status: info.status })));
  await Promise.all(forget.map((version) => deleteRevision(client, release, version)));
}

export async function deleteRevision(client: Client, release: ReleaseName, version: number): Promise<void> {
  await client.delete(SECRETS, {
    namespace: release.namespace,
    name: releaseSecretName(release.name, version),
  });
}
