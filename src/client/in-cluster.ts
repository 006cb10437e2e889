import type { ClusterAccess } from './access.ts';
import { fileCredential } from './file-credential.ts';
import { KubeconfigError } from './kubeconfig-error.ts';
import type { Surroundings } from './surroundings.ts';
import { messageOf } from '../lib/error-text.ts';

/** Where the kubelet mounts the ServiceAccount of a pod. */
const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** True inside a pod: the kubelet tells every container where the API server is. */
export function isInCluster(env: Surroundings['env']): boolean {
  return (env['KUBERNETES_SERVICE_HOST'] ?? '') !== '' && (env['KUBERNETES_SERVICE_PORT'] ?? '') !== '';
}

/** Access as the pod's ServiceAccount; the token is renewed by the kubelet and read again. Throws KubeconfigError. */
export async function inClusterAccess(surroundings: Surroundings): Promise<ClusterAccess> {
  const { env, readFile } = surroundings;
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '';
  try {
    const [ca, namespace] = await Promise.all([
      readFile(`${MOUNT}/ca.crt`),
      readFile(`${MOUNT}/namespace`).catch(() => 'default'),
    ]);
    const credentials = fileCredential({ tokenFile: `${MOUNT}/token` }, surroundings);
    await credentials.current();
    return {
      server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
      ca,
      credentials,
      namespace: namespace.trim() || 'default',
    };
  } catch (error) {
    throw new KubeconfigError(
      `the ServiceAccount mounted at ${MOUNT} can not be read: ${messageOf(error)}`,
      'Run the pod with a ServiceAccount and without automountServiceAccountToken: false.',
      { cause: error },
    );
  }
}
