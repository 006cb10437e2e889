import type { Instance } from '../api/instance.ts';
import type { Reader } from '../client/client.ts';
import { RESOURCE_QUOTA, type ResourceQuota } from '../kube/builtin-kinds.ts';
import { formatTable } from './table.ts';

/** The instances with what a customer asks first: where it is, in which namespace it runs, how much of its quota it uses. */
export async function instanceTable(
  client: Reader,
  instances: readonly Instance[],
  urls: readonly string[],
): Promise<string> {
  const rows = await Promise.all(
    instances.map(async (instance, index) => {
      const namespace = instance.status?.namespace ?? '';
      const quota = (await client.list(RESOURCE_QUOTA, { namespace })).items[0];
      return [instance.metadata.name, urls[index] ?? '', namespace, quotaUse(quota)];
    }),
  );
  return formatTable(['INSTANCE', 'URL', 'NAMESPACE', 'QUOTA USE'], rows);
}

/** `requests.cpu 100m/500m, …`: used of allowed, as the quota's own status says. */
export function quotaUse(quota: ResourceQuota | undefined): string {
  const { hard = {}, used = {} } = quota?.status ?? {};
  return Object.keys(hard)
    .toSorted()
    .map((key) => `${key} ${used[key] ?? '0'}/${hard[key] ?? '0'}`)
    .join(', ');
}
