import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getJson, run, shell } from './programs.ts';

/**
 * The agent's three duties on the real cluster, asked with pods. The image can serve a text (`-text`) and be a caller
 * (`-get`, `-dial`) whose exit code is the answer, so that a pod's phase tells whether it got through.
 */
const NAMESPACE = 'agent-test';
const IMAGE = 'localhost/tenantry/http-echo:1.0.0';
const PORT = 5678;

const pod = (name: string, args: readonly string[], extra: Record<string, unknown> = {}): unknown => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACE, labels: { app: name } },
  spec: {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'c', image: IMAGE, imagePullPolicy: 'IfNotPresent', args, ...extra }],
  },
});

const apply = (...objects: readonly unknown[]): Promise<string> =>
  run('kubectl apply -f -', { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) });

const wait = (condition: string, what: string): Promise<string> =>
  run(`kubectl -n ${NAMESPACE} wait --for=${condition} ${what} --timeout=60s`);

/** A container status of a pod that has ended. */
interface Ended {
  readonly state: { readonly terminated: { readonly exitCode: number } };
}

/** Starts a pod that calls and answers whether it got through. A new pod each time: its first packet is what counts. */
async function reaches(name: string, target: string): Promise<boolean> {
  await apply(pod(name, [`-dial=${target}`, '-timeout=2s']));
  await run(
    `kubectl -n ${NAMESPACE} wait --for=jsonpath='{.status.containerStatuses[0].state.terminated}' pod/${name} --timeout=60s`,
  );
  // The phase follows a moment later.
  const { status } = await getJson<{ status: { containerStatuses: Ended[] } }>(`pod/${name} -n ${NAMESPACE}`);
  return status.containerStatuses[0]?.state.terminated.exitCode === 0;
}

const policy = (name: string, spec: Record<string, unknown>): unknown => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: NAMESPACE },
  spec,
});

/** A pod's addresses, IPv6 in brackets. */
async function addressesOf(name: string): Promise<string[]> {
  const { status } = await getJson<{ status: { podIPs: { ip: string }[] } }>(`pod/${name} -n ${NAMESPACE}`);
  return status.podIPs.map(({ ip }) => (ip.includes(':') ? `[${ip}]` : ip));
}

beforeAll(async () => {
  await run(`kubectl create namespace ${NAMESPACE}`);
  await shell(`kubectl -n ${NAMESPACE} wait --for=create serviceaccount/default --timeout=30s`);
  await apply(pod('server', ['-text=hello from the server', `-listen=:${PORT}`]));
  await wait('condition=Ready', 'pod/server');
});

afterAll(() => run(`kubectl delete namespace ${NAMESPACE} --wait=false`));

describe('network policies on the real cluster', () => {
  it('hold a new pod from its first packet, in both families, and let through what a rule allows', async () => {
    const [v4 = '', v6] = await addressesOf('server');
    const families = [['four', v4], ...(v6 === undefined ? [] : [['six', v6]])] as const;
    for (const [family, address] of families) {
      expect(await reaches(`free-${family}`, `${address}:${PORT}`)).toBe(true);
    }
    await apply(policy('closed', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }));

    for (const [family, address] of families) {
      expect(await reaches(`shut-${family}`, `${address}:${PORT}`)).toBe(false);
    }

    const open = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] };
    await apply(
      policy('open', {
        ...open,
        ingress: [{ from: [{ podSelector: {} }] }],
        egress: [{ to: [{ podSelector: {} }] }],
      }),
    );
    for (const [family, address] of families) {
      expect(await reaches(`open-${family}`, `${address}:${PORT}`)).toBe(true);
    }
    await run(`kubectl -n ${NAMESPACE} delete networkpolicy --all`);
  });

  it('keep a pod without egress from the API server on its node', async () => {
    const { spec } = await getJson<{ spec: { clusterIP: string } }>('service/kubernetes -n default');
    expect(await reaches('api-free', `${spec.clusterIP}:443`)).toBe(true);
    await apply(policy('no-egress', { podSelector: {}, policyTypes: ['Egress'] }));

    expect(await reaches('api-shut', `${spec.clusterIP}:443`)).toBe(false);
    await run(`kubectl -n ${NAMESPACE} delete networkpolicy --all`);
  });
});

const service = (name: string, extra: Record<string, unknown> = {}): unknown => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: NAMESPACE },
  spec: {
    type: 'LoadBalancer',
    selector: { app: 'server' },
    ports: [{ port: 80, targetPort: PORT }],
    ...extra,
  },
});

describe('load balancer addresses', () => {
  it('lead to the Service and go with it', async () => {
    await apply(service('balanced'));
    await wait(`jsonpath='{.status.loadBalancer.ingress[0].ip}'`, 'service/balanced');
    const { status } = await getJson<{ status: { loadBalancer: { ingress: { ip: string }[] } } }>(
      `service/balanced -n ${NAMESPACE}`,
    );

    const address = status.loadBalancer.ingress[0]?.ip ?? '';

    // kube-proxy writes its rules up to a second after it saw the address; a call before that stays lost.
    let through = false;
    for (let attempt = 1; attempt <= 5 && !through; attempt += 1) {
      through = await reaches(`to-balanced-${attempt}`, `${address}:80`);
    }

    expect(through).toBe(true);
    // Given back: the next one may ask for it.
    await run(`kubectl -n ${NAMESPACE} delete service balanced`);
    await apply(service('heir', { loadBalancerIP: address }));
    await wait(`jsonpath='{.status.loadBalancer.ingress[0].ip}'=${address}`, 'service/heir');
  });
});

describe('volumes', () => {
  it('are made for the first pod and go with their claim', async () => {
    await apply(
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data', namespace: NAMESPACE },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '64Mi' } } },
      },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'keeper', namespace: NAMESPACE },
        spec: {
          terminationGracePeriodSeconds: 0,
          securityContext: { runAsUser: 12345, runAsNonRoot: true },
          containers: [
            {
              name: 'c',
              image: IMAGE,
              args: ['-text=kept', `-listen=:${PORT}`],
              volumeMounts: [{ name: 'data', mountPath: '/data' }],
            },
          ],
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
        },
      },
    );
    await wait('condition=Ready', 'pod/keeper');
    const claim = await getJson<{ spec: { volumeName: string; storageClassName: string } }>(
      `pvc/data -n ${NAMESPACE}`,
    );
    const volume = await getJson<{
      spec: { local: { path: string }; persistentVolumeReclaimPolicy: string };
    }>(`pv/${claim.spec.volumeName}`);
    expect(volume.spec.persistentVolumeReclaimPolicy).toBe('Delete');
    expect(volume.spec.local.path.endsWith(claim.spec.volumeName)).toBe(true);

    await run(`kubectl -n ${NAMESPACE} delete pod/keeper pvc/data`);

    await run(`kubectl wait --for=delete pv/${claim.spec.volumeName} --timeout=60s`);
  });
});
