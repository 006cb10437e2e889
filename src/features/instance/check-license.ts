import { licenseDenial, licenseName, readLicense } from '../../api/license.ts';
import type { Client } from '../../client/client.ts';
import { CONFIG_MAP } from '../../kube/builtin-kinds.ts';
import { pathOf, type Kind } from '../../kube/kind.ts';
import { isMap } from '../../lib/narrow.ts';
import type { Finding } from '../../runtime/admission.ts';

/** What is asked: may one more instance of the kind be made? */
export interface LicenseQuestion {
  readonly kind: Kind;
  /** Namespace of the composition. */
  readonly namespace: string;
  /** Milliseconds. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/**
 * What the licence of a kind has against one more instance. Read at the server each time, licence and count: so a change counts at once, in every
 * replica. Instances that are created at the same moment don't see each other. Throws KubeError where the licence can't be read: then nothing is
 * admitted.
 */
export async function licenseFindings(
  client: Pick<Client, 'find' | 'list' | 'raw'>,
  { kind, namespace, now, signal }: LicenseQuestion,
): Promise<readonly Finding[]> {
  const ref = { namespace, name: licenseName(kind.kind) };
  const configMap = await client.find(CONFIG_MAP, ref, { signal });
  if (configMap === undefined) return [];
  const license = readLicense(configMap.metadata);
  if (typeof license === 'string') return [{ message: license }];
  const count = license.allowedInstances === undefined ? 0 : await countOf(client, kind, signal);
  const denial = licenseDenial(license, kind.kind, count, now);
  return denial === undefined ? [] : [{ message: denial }];
}

/** How many objects of a kind there are, asked with one short answer. */
async function countOf(
  client: Pick<Client, 'list' | 'raw'>,
  kind: Kind,
  signal: AbortSignal,
): Promise<number> {
  const { text } = await client.raw({ method: 'GET', path: `${pathOf(kind, {})}?limit=1`, signal });
  const list: unknown = JSON.parse(text);
  const metadata = isMap(list) && isMap(list['metadata']) ? list['metadata'] : {};
  const items = isMap(list) && Array.isArray(list['items']) ? list['items'].length : 0;
  const remaining = metadata['remainingItemCount'];
  if (typeof remaining === 'number') return items + remaining;
  // A server may leave the number out although there is more.
  return (metadata['continue'] ?? '') === '' ? items : (await client.list(kind, { signal })).items.length;
}
