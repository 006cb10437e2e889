import type { Client } from '../../client/client.ts';
import { SECRET, type Secret } from '../../kube/builtin-kinds.ts';
import type { ReleaseRecord } from '../../helm/release.ts';
import { decodeRelease, RELEASE_SELECTOR } from '../../helm/release-secret.ts';
import { UserError } from '../cli-io.ts';

/** A Helm release that somebody else installed: its last record, and the Secrets of all. */
export interface FoundRelease {
  readonly record: ReleaseRecord;
  readonly secrets: readonly Secret[];
}

/** The one release of a namespace. Throws UserError where there is none, several, or one that is being worked on. */
export async function findRelease(
  client: Client,
  namespace: string,
  wanted: string | undefined,
): Promise<FoundRelease> {
  const { items } = await client.list(SECRET, { namespace, labelSelector: RELEASE_SELECTOR });
  const names = [...new Set(items.flatMap(({ metadata }) => metadata.labels?.['name'] ?? []))].sort();
  const [only, ...others] = names;
  if (only === undefined || (wanted !== undefined && !names.includes(wanted)))
    throw new UserError(
      `there is no Helm release ${wanted === undefined ? '' : `${wanted} `}in namespace ${namespace}`,
      `Look at \`helm list -A --all\`${only === undefined ? '' : `; there is ${names.join(', ')}`}.`,
    );
  // An instance has its namespace alone, and takes it along when it is deleted.
  if (others.length > 0)
    throw new UserError(
      `namespace ${namespace} holds several releases: ${names.join(', ')}; an instance has its namespace alone`,
      'Move the others elsewhere first: `helm uninstall` there, `helm install` in a namespace of their own.',
    );
  const secrets = [...items].sort((one, other) => versionOf(one) - versionOf(other));
  const last = secrets.at(-1);
  if (last === undefined) throw new Error(`${only}: no record behind its own label`);
  const record = decodeRelease(last);
  if (record.info.status !== 'deployed')
    throw new UserError(
      `release ${only} in namespace ${namespace} is ${record.info.status}, not deployed`,
      'Bring it to an end first: `helm upgrade` or `helm rollback`.',
    );
  return { record, secrets };
}

function versionOf({ metadata }: Secret): number {
  return Number(metadata.labels?.['version'] ?? 0);
}
