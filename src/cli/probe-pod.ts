import type { Client } from '../client/client.ts';
import { watchObjects } from '../client/watcher.ts';
import { POD, type Pod } from '../kube/builtin-kinds.ts';
import type { Clock } from '../lib/clock.ts';
import { UserError } from './cli-io.ts';

/** A pod that runs one command to its end. */
export interface Probe {
  /** Name of the pod. */
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  readonly command: readonly string[];
}

export interface ProbeEnd {
  readonly succeeded: boolean;
  readonly output: string;
}

interface Surroundings {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Starting takes about a second; the rest is for a loaded machine. */
const TIMEOUT_MS = 60_000;
const USER = 65_534;

/** Runs a command as a pod among an instance's own, under the same policies and quota; removes the pod afterwards. */
export async function runProbe(surroundings: Surroundings, probe: Probe): Promise<ProbeEnd> {
  const { client } = surroundings;
  const ref = { namespace: probe.namespace, name: probe.name };
  await client.delete(POD, ref, { gracePeriodSeconds: 0 });
  const pod = await client.create(POD, probePod(probe));
  try {
    const ended = await waitForEnd(surroundings, pod);
    const logs = await client.raw({
      method: 'GET',
      path: `/api/v1/namespaces/${probe.namespace}/pods/${probe.name}/log`,
    });
    return { succeeded: ended.status?.phase === 'Succeeded', output: logs.text };
  } finally {
    await client.delete(POD, ref, {
      gracePeriodSeconds: 0,
      ...(pod.metadata.uid === undefined ? {} : { uid: pod.metadata.uid }),
    });
  }
}

function probePod({ name, namespace, image, command }: Probe): Pod {
  // A low limit would throttle the start for seconds; two of these fit beside a site.
  const resources = { requests: { cpu: '20m', memory: '64Mi' }, limits: { cpu: '400m', memory: '64Mi' } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: USER, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'probe',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: [...command],
          resources,
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}

async function waitForEnd({ client, clock, signal }: Surroundings, pod: Pod): Promise<Pod> {
  const stop = new AbortController();
  const cancel = clock.after(TIMEOUT_MS, () => stop.abort());
  const { namespace, name } = pod.metadata;
  try {
    const events = watchObjects(client, POD, {
      namespace,
      fieldSelector: `metadata.name=${name}`,
      clock,
      signal: AbortSignal.any([signal, stop.signal]),
    });
    for await (const event of events) {
      if (event.type !== 'apply' && event.type !== 'init-item') continue;
      const phase = event.object.status?.phase;
      if (phase === 'Succeeded' || phase === 'Failed') return event.object;
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    cancel();
    stop.abort();
  }
  signal.throwIfAborted();
  throw new UserError(
    `pod ${namespace}/${name} did not end in time`,
    `Look at \`kubectl describe pod ${name} -n ${namespace}\`.`,
  );
}
