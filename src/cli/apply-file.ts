import { readFile } from 'node:fs/promises';
import type { Client } from '../client/client.ts';
import type { Discovery } from '../client/discovery.ts';
import type { KubeObject } from '../kube/object.ts';
import { parseManifests } from '../kube/yaml.ts';
import { UserError } from './cli-io.ts';

/** Applies the objects of a manifest file, as `kubectl apply --server-side` does; answers them as stored. */
export async function applyFile(
  client: Client,
  discovery: Pick<Discovery, 'kindFor'>,
  file: string,
  namespace: string,
): Promise<readonly KubeObject[]> {
  const applied: KubeObject[] = [];
  for (const object of parseManifests(await readFile(file, 'utf8'))) {
    const kind = await discovery.kindFor(object.apiVersion, object.kind);
    if (kind === undefined)
      throw new UserError(
        `${file}: the cluster does not serve ${object.kind} in ${object.apiVersion}`,
        'Register the service first, or look at `tenantry status`.',
      );
    const metadata = kind.namespaced ? { namespace, ...object.metadata } : object.metadata;
    applied.push(await client.apply(kind, { ...object, metadata }, { fieldManager: 'kubectl', force: true }));
  }
  return applied;
}
