import type { NodePaths } from './cluster-paths.ts';
import { LocalError } from './local-error.ts';
import { lastLines, type Run } from './run.ts';

/** The namespace in which the kubelet's images live. */
const NAMESPACE = 'k8s.io';

/** One node's containerd, as the machine reaches it. */
export interface ImageStore {
  readonly node: NodePaths;
  /** URL of the cluster's registry, as nodes reach it. */
  readonly registry: string;
  readonly run: Run;
  readonly snapshotter: string;
}

/** Imports an OCI or Docker image archive and unpacks it. Throws LocalError when it is not one, or the cluster is down. */
export async function importArchive(store: ImageStore, archive: string, signal?: AbortSignal): Promise<void> {
  const result = await ctr(store, ['images', 'import', '--snapshotter', store.snapshotter, archive], signal);
  if (result.code === 0) return;
  const output = lastLines(result.stderr || result.stdout, 3);
  if (/no space left/.test(output))
    throw new LocalError(`no space left for the image ${archive}`, 'Free some space and run it again.');
  throw new LocalError(
    `importing ${archive} failed: ${output}`,
    'Check that the file is an OCI or Docker image archive and that `tenantry cluster status` shows the cluster running.',
  );
}

/** References and manifest digests of all images in the cluster. */
export async function listImages(store: ImageStore): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await ctr(store, ['images', 'list']);
  const rows = stdout
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/));
  return new Map(
    rows.flatMap(([ref, , digest]) => (ref === undefined || digest === undefined ? [] : [[ref, digest]])),
  );
}

async function ctr(store: ImageStore, args: readonly string[], signal?: AbortSignal): ReturnType<Run> {
  return store.run('ctr', ['--address', store.node.containerdSocket, '--namespace', NAMESPACE, ...args], {
    signal,
  });
}
