import { delimiter, join, resolve } from 'node:path';
import type { ClusterAccess } from './access.ts';
import { contextAccess, type ContextChoice } from './context-access.ts';
import { inClusterAccess, isInCluster } from './in-cluster.ts';
import { mergeKubeconfigs, parseKubeconfig, type Kubeconfig } from './kubeconfig.ts';
import { KubeconfigError } from './kubeconfig-error.ts';
import type { Surroundings } from './surroundings.ts';

/** Which kubeconfig and which part of it; everything has kubectl's default. */
export interface AccessRequest extends ContextChoice {
  /** Path of the one kubeconfig to use, instead of KUBECONFIG and `~/.kube/config`. */
  readonly kubeconfig?: string | undefined;
}

const NONE_REMEDY =
  'Start a local cluster with `tenantry cluster up`, or point KUBECONFIG (or --kubeconfig) at the kubeconfig of a cluster.';

/**
 * How to reach the cluster, found as kubectl does: the named kubeconfig, else the files of KUBECONFIG merged, else
 * `~/.kube/config`, else the ServiceAccount mounted into the pod we run in. Throws KubeconfigError.
 */
export async function loadAccess(request: AccessRequest, surroundings: Surroundings): Promise<ClusterAccess> {
  const files = kubeconfigFiles(request, surroundings);
  const configs = await Promise.all(
    files.paths.map((path) => readConfig(path, files.required, surroundings)),
  );
  const found = configs.filter((config) => config !== undefined);
  const config = mergeKubeconfigs(found);
  const empty = config.clusters.size === 0 && config.contexts.size === 0;
  if (empty && !files.required && request.context === undefined && isInCluster(surroundings.env)) {
    return inClusterAccess(surroundings);
  }
  if (found.length === 0) {
    throw new KubeconfigError(`no kubeconfig was found (looked for ${files.paths.join(', ')})`, NONE_REMEDY);
  }
  if (empty)
    throw new KubeconfigError(`the kubeconfig ${files.paths.join(', ')} names no cluster`, NONE_REMEDY);
  return contextAccess(config, request, surroundings);
}

/** Which files count, the deciding one first, and whether they must be there. */
export function kubeconfigFiles(
  request: AccessRequest,
  { env, cwd }: Pick<Surroundings, 'env' | 'cwd'>,
): { readonly paths: readonly string[]; readonly required: boolean } {
  if (request.kubeconfig !== undefined && request.kubeconfig !== '') {
    return { paths: [resolve(cwd, request.kubeconfig)], required: true };
  }
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  if (listed.length > 0)
    return { paths: [...new Set(listed)].map((path) => resolve(cwd, path)), required: false };
  return { paths: [join(env['HOME'] ?? '/', '.kube', 'config')], required: false };
}

/** Undefined for a file that is not there, unless it was asked for by name. */
async function readConfig(
  path: string,
  required: boolean,
  surroundings: Surroundings,
): Promise<Kubeconfig | undefined> {
  let text: string;
  try {
    text = await surroundings.readFile(path);
  } catch (error) {
    if (!required && isMissing(error)) return undefined;
    const why = isMissing(error)
      ? 'it does not exist'
      : error instanceof Error
        ? error.message
        : String(error);
    throw new KubeconfigError(
      `the kubeconfig ${path} can not be read: ${why}`,
      'Check the path and its rights.',
      { cause: error },
    );
  }
  return parseKubeconfig(text, path);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
