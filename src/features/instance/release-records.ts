import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import { RELEASE_SELECTOR, releaseSecretName } from '../../helm/release-secret.ts';
import { SECRET } from '../../kube/builtin-kinds.ts';
import type { KubeObject } from '../../kube/object.ts';
import { versionOf, type SecretVersion } from './kept-release.ts';
import type { Look } from './look.ts';
import type { InstanceWorld } from './world.ts';

/** The Helm records of an instance's release, compared with what we wrote. */
export interface ReleaseRecords {
  /** Records that somebody else wrote, with a stock helm for instance. */
  readonly foreign: InstanceWorld['deletions'];
  /** How the running release's record must be written again; undefined if it is there and says "deployed". */
  readonly rewrite: { readonly secret: SecretVersion | undefined } | undefined;
}

/**
 * Compares the records in a namespace with the one release of ours that runs there. The operator watches no Secrets, so this
 * is asked only when something of the release was found changed, or when a record is about to be written.
 */
export function compareRecords(
  secrets: readonly KubeObject[],
  running: { readonly release: string; readonly number: number; readonly owner: string },
): ReleaseRecords {
  const isOurs = ({ metadata }: KubeObject): boolean =>
    metadata.labels?.[INSTANCE_UID_LABEL] === running.owner;
  const name = releaseSecretName(running.release, running.number);
  const own = secrets.find((secret) => secret.metadata.name === name && isOurs(secret));
  const fine = own?.metadata.labels?.['status'] === 'deployed';
  return {
    foreign: secrets
      // Those of an instance that had the namespace before carry its UID, which only the operator could give them.
      .filter(({ metadata }) => metadata.labels?.[INSTANCE_UID_LABEL] === undefined)
      .flatMap(({ metadata }) =>
        metadata.uid === undefined ? [] : [{ kind: SECRET, name: metadata.name, uid: metadata.uid }],
      ),
    rewrite: fine ? undefined : { secret: own && versionOf(own) },
  };
}

/** Reads the records as the service's account: only it reads Secrets there. Throws KubeError. */
export async function observeRecords(look: Look, number: number): Promise<ReleaseRecords> {
  const { account, identity, signal } = look;
  const { items } = await account.list(SECRET, {
    namespace: identity.target,
    labelSelector: `${RELEASE_SELECTOR},name=${identity.release}`,
    signal,
  });
  return compareRecords(items, { release: identity.release, number, owner: identity.uid });
}
