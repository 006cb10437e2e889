import type { Client } from '../../client/client.ts';
import { POD, type Pod } from '../../kube/builtin-kinds.ts';
import { isKubeError } from '../../kube/kube-error.ts';

/** What the API server said to a pod that was to be refused. */
export interface PodAnswer {
  /** Who refused it, if somebody did; `somebody`: not one of those that isolate. */
  readonly by: 'nobody' | 'pod security' | 'quota' | 'policy' | 'somebody';
  readonly message: string;
}

const IMAGE = 'registry.k8s.io/pause:3.10';
/** More than any namespace's share of a cluster. */
const TOO_MUCH = { cpu: '1000000', memory: '1Pi' };
const LITTLE = { cpu: '1m', memory: '4Mi' };

/** A pod that takes over its node. */
export function privilegedPod(namespace: string): Pod {
  return pod(namespace, 'tenantry-probe-privileged', {
    resources: { requests: LITTLE, limits: LITTLE },
    securityContext: { privileged: true },
  });
}

/** A pod that asks for more than there is; nothing else is wrong with it, under the strictest rules neither. */
export function largePod(namespace: string): Pod {
  return pod(namespace, 'tenantry-probe-large', {
    resources: { requests: TOO_MUCH, limits: TOO_MUCH },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  });
}

type Container = NonNullable<Pod['spec']>['containers'][number];

function pod(namespace: string, name: string, container: Partial<Container>): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65_534, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ name: 'probe', image: IMAGE, imagePullPolicy: 'Always', ...container }],
    },
  };
}

/** Asks the API server for a pod without making one. Throws KubeError where there is no answer. */
export async function askForPod(client: Client, wanted: Pod): Promise<PodAnswer> {
  try {
    await client.create(POD, wanted, { dryRun: true });
    return { by: 'nobody', message: '' };
  } catch (error) {
    // Without a status nobody answered.
    if (!isKubeError(error) || error.status === 0) throw error;
    return { by: refuser(error.message), message: error.message };
  }
}

function refuser(message: string): PodAnswer['by'] {
  if (message.includes('violates PodSecurity')) return 'pod security';
  if (message.includes('exceeded quota')) return 'quota';
  if (/ValidatingAdmissionPolicy '.*denied request/s.test(message)) return 'policy';
  return 'somebody';
}
