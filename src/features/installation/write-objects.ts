import type { Client } from '../../client/client.ts';
import type { Kind } from '../../kube/kind.ts';
import type { AnyObject, KubeObject } from '../../kube/object.ts';
import type { Clock } from '../../lib/clock.ts';
import { isOfRelease, type ReleaseName, type ReleaseObject } from './release-objects.ts';
import { withRemedy } from '../../lib/with-remedy.ts';

/** How long an object of an uninstalled release may take to go: a namespace needs some seconds. */
const GONE_TIMEOUT_MS = 120_000;
const GONE_LOOK_MS = 250;

export interface WriteOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly release: ReleaseName;
}

/**
 * Writes the release's objects one after another in Helm's order: a namespace before what lives in it, an account before who uses
 * it. What is still going away from an uninstall is waited for. Objects of another release are refused with a remedy.
 */
export async function writeObjects(
  options: WriteOptions,
  objects: readonly ReleaseObject[],
  note: (text: string) => void,
): Promise<void> {
  const { client, release } = options;
  for (const { kind, object } of objects) {
    const stored = await findSettled(options, kind, object, note);
    if (stored !== undefined && !isOfRelease(stored, release))
      throw withRemedy(
        `${kind.kind} ${object.metadata.name} exists and belongs to another installation`,
        'One operator runs per cluster: uninstall the other one, or use its release name and namespace (--name, --namespace).',
      );
    await client.apply<KubeObject>(kind, object, { fieldManager: 'helm', force: true });
  }
}

/** The stored object; one that is being deleted is waited for until it is gone. */
async function findSettled(
  { client, clock, signal }: WriteOptions,
  kind: Kind,
  { metadata: { namespace, name } }: AnyObject,
  note: (text: string) => void,
): Promise<KubeObject | undefined> {
  const deadline = clock.monotonic() + GONE_TIMEOUT_MS;
  for (;;) {
    const stored = await client.find(kind, { namespace, name });
    if (stored?.metadata.deletionTimestamp === undefined) return stored;
    if (clock.monotonic() > deadline)
      throw withRemedy(
        `${kind.kind} ${name} is being deleted and not gone after ${GONE_TIMEOUT_MS / 1000} s`,
        `\`kubectl describe ${kind.plural} ${name}\` says what it waits for; then run this again.`,
      );
    note(`waiting until ${kind.kind} ${name} is gone`);
    await clock.sleep(GONE_LOOK_MS, signal);
  }
}
