import type { Client, ListResult } from '../../client/client.ts';
import type { Discovery } from '../../client/discovery.ts';
import { FORCE_DELETE_LABEL } from '../../api/names.ts';
import type { ReleaseRecord } from '../../helm/release.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../../api/resource-composition.ts';
import type { Kind } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Progress } from '../../lib/progress.ts';
import { deleteRevision, readHistory } from './release-history.ts';
import { releaseInstances } from './release-instances.ts';
import { runRemovalHook } from './run-removal-hook.ts';
import { isOfRelease, releaseObjects, type ReleaseName } from './release-objects.ts';
import { withRemedy } from '../../lib/with-remedy.ts';

/** How often is looked whether objects are gone, while a person waits. */
const LOOK_MS = 500;

export interface UninstallOptions {
  readonly client: Client;
  readonly discovery: Discovery;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly release: ReleaseName;
  /** What becomes of instances: they go on running, or everything of theirs is deleted first. */
  readonly instances: 'keep' | 'delete';
  /** Milliseconds that deleting all services and instances may take. */
  readonly timeoutMs: number;
}

/**
 * Takes the operator away: instances first, if they are to go (the operator does that itself), then webhooks, operator,
 * finalizers, and what the release wrote. Our CRDs stay, as everything does that somebody could still need. Safe to run twice.
 */
export async function uninstallOperator(options: UninstallOptions): Promise<void> {
  const { client, progress, release } = options;
  const history = await readHistory(client, release);
  if (history.length === 0)
    throw withRemedy(
      `there is no installation ${release.name} in namespace ${release.namespace}`,
      'Name the one there is: `helm list -A` shows it (--name, --namespace).',
    );
  const last = history.at(-1);
  const runsOperator = (last?.hooks.length ?? 0) > 0;
  if (options.instances === 'delete')
    await progress.step('services and instances deleted', (note) =>
      deleteServices({ ...options, runsOperator }, note),
    );
  // A release that joined another's operator has nothing that instances wait for.
  if (last !== undefined && runsOperator) await letGo(options, last);
  await progress.step('objects removed', async (note) => {
    const removed = await removeObjects(options, last?.manifest ?? '');
    note(`${removed}`);
  });
  await Promise.all(history.map(({ version }) => deleteRevision(client, release, version)));
}

/** Releases the instances; who may not do so in the whole cluster has the operator do it, as a plain `helm delete` does. */
async function letGo(options: UninstallOptions, last: ReleaseRecord): Promise<void> {
  const { client, clock, progress, release, signal } = options;
  try {
    await releaseInstances({ client, clock, progress, namespace: release.namespace, signal });
  } catch (error) {
    if (!isKubeError(error, 'Forbidden')) throw error;
    await progress.step('instances released by the operator', () => runRemovalHook(options, last));
  }
}

interface ServiceRemoval extends UninstallOptions {
  /** False for a release that joined another's operator: only its own namespace's services are its to delete. */
  readonly runsOperator: boolean;
}

/** Deletes all compositions by force, as KubePlus's label asks for: the operator then removes their instances in order. */
async function deleteServices(options: ServiceRemoval, note: (text: string) => void): Promise<void> {
  const { client, clock, signal, timeoutMs } = options;
  const deadline = clock.monotonic() + timeoutMs;
  const { items } = await listCompositions(options);
  for (const { metadata } of items) {
    const ref = { namespace: metadata.namespace, name: metadata.name };
    await client.patch(RESOURCE_COMPOSITION, ref, {
      type: 'merge',
      body: { metadata: { labels: { [FORCE_DELETE_LABEL]: 'true' } } },
    });
    await client.delete(RESOURCE_COMPOSITION, ref);
  }
  for (;;) {
    const left = (await listCompositions(options)).items.map(({ metadata }) => metadata.name);
    if (left.length === 0) return;
    note(`waiting for ${left.join(', ')}`);
    if (clock.monotonic() > deadline)
      throw withRemedy(
        `services are still there after ${timeoutMs / 1000} s: ${left.join(', ')}`,
        '`kubectl describe resourcecomposition` says what each waits for; then run this again.',
      );
    await clock.sleep(LOOK_MS, signal);
  }
}

/** Those of the whole cluster; a provider's own where only they may be seen. */
async function listCompositions({
  client,
  release,
  runsOperator,
}: ServiceRemoval): Promise<ListResult<ResourceComposition>> {
  const own = { namespace: release.namespace };
  try {
    return await client.list(RESOURCE_COMPOSITION, runsOperator ? {} : own);
  } catch (error) {
    if (!isKubeError(error, 'Forbidden')) throw error;
    return client.list(RESOURCE_COMPOSITION, own);
  }
}

/** Deletes what the release wrote, last written first; objects that somebody else has taken over stay. */
async function removeObjects(options: UninstallOptions, manifest: string): Promise<number> {
  const { client, discovery, release } = options;
  const objects = await releaseObjects([{ source: 'release', content: manifest }], release, discovery);
  let removed = 0;
  for (const { kind, object } of objects.toReversed()) {
    const ref = { namespace: object.metadata.namespace, name: object.metadata.name };
    const stored = await findAny(client, kind, ref);
    if (stored?.metadata.uid === undefined || !isOfRelease(stored, release)) continue;
    await client.delete(kind, ref, { uid: stored.metadata.uid, propagation: 'Background' });
    removed++;
  }
  return removed;
}

async function findAny(
  client: Client,
  kind: Kind,
  ref: { namespace: string | undefined; name: string },
): Promise<KubeObject | undefined> {
  try {
    return await client.find(kind, ref);
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined;
    throw error;
  }
}
