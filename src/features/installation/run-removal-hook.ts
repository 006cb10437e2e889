import type { Client } from '../../client/client.ts';
import type { ReleaseRecord } from '../../helm/release.ts';
import { JOB } from '../../kube/builtin-kinds.ts';
import { parseManifests } from '../../kube/yaml.ts';
import type { Clock } from '../../lib/clock.ts';
import { waitUntil } from '../../lib/wait-until.ts';
import { withRemedy } from '../../lib/with-remedy.ts';
import type { ReleaseName } from './release-objects.ts';

/** The hook's own deadline, and some time for its pod to start. */
const TIMEOUT_MS = 330_000;
const LOOK_MS = 500;

export interface HookOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly release: ReleaseName;
}

/**
 * Runs the Job that Helm runs before it deletes the release: it releases the instances as the operator. For a provider, who may not touch
 * the webhooks and instances of the whole cluster. Throws KubeError, or an Error with a remedy.
 */
export async function runRemovalHook(
  options: HookOptions,
  record: Pick<ReleaseRecord, 'hooks'>,
): Promise<void> {
  const { client, clock, signal, release } = options;
  const job = record.hooks
    .filter(({ kind, events }) => kind === JOB.kind && events.includes('pre-delete'))
    .flatMap(({ content }) => parseManifests(content))[0];
  if (job === undefined) return;
  const ref = { namespace: release.namespace, name: job.metadata.name };
  await remove(options, ref);
  await client.create(JOB, { ...job, metadata: { ...job.metadata, namespace: ref.namespace } });
  const ended = await waitUntil(
    async () => {
      const { status } = await client.get(JOB, ref);
      if ((status?.succeeded ?? 0) > 0) return 'done';
      return status?.conditions?.some(({ type, status: holds }) => type === 'Failed' && holds === 'True')
        ? 'failed'
        : undefined;
    },
    { clock, within: TIMEOUT_MS, every: LOOK_MS, signal },
  );
  if (ended !== 'done')
    throw withRemedy(
      `the Job ${ref.name}, which releases the instances, ${ended ?? `did not end within ${TIMEOUT_MS / 1000} s`}`,
      `\`kubectl logs -n ${ref.namespace} job/${ref.name}\` says why; then run this again.`,
    );
  await remove(options, ref);
}

async function remove(
  { client, clock, signal }: HookOptions,
  ref: { readonly namespace: string; readonly name: string },
): Promise<void> {
  await client.delete(JOB, ref, { propagation: 'Background' });
  const gone = async (): Promise<true | undefined> =>
    (await client.find(JOB, ref)) === undefined ? true : undefined;
  await waitUntil(gone, { clock, within: TIMEOUT_MS, every: LOOK_MS, signal });
}
