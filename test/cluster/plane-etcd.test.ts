import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAccess } from '../../src/client/load-access.ts';
import { openPodPort } from '../../src/client/port-forward.ts';
import { nodeSurroundings } from '../../src/client/surroundings.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { localPlaneImages } from '../../src/local/plane-images.ts';
import { createAuthority, issue } from '../../src/pki/certificate.ts';
import { connectEtcd } from '../../src/planes/store/etcd-client.ts';
import { eventually } from '../doubles/eventually.ts';
import { fromRunner, run, shell } from './programs.ts';

/** An etcd that is none of Tenantry's, with two planes in it whose names begin alike. */
const HOST = 'foreign-etcd';
const SECRET = 'foreign-etcd-keys';
const NS = 'tenantry-system';
const NAMES = ['kept', 'kept-b'] as const;
const START_MS = 120_000;
const PATIENCE_MS = 60_000;

async function must(ended: ReturnType<typeof shell>): Promise<string> {
  const { code, stdout, stderr } = await ended;
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}
const apply = (object: object): Promise<string> =>
  must(shell('kubectl apply -f -', { input: JSON.stringify(object) }));

/** Its keys, for itself and for who uses it. */
async function keys(): Promise<Record<'ca.crt' | 'client.crt' | 'client.key', string>> {
  const notBefore = Date.now() - 3_600_000;
  const ca = await createAuthority({ commonName: 'foreign-ca', notBefore, days: 1 });
  const { cert, key } = await issue(ca, {
    commonName: 'somebody',
    dnsNames: [`${HOST}.default.svc`],
    ipAddresses: ['127.0.0.1'],
    usages: ['server', 'client'],
    notBefore,
    days: 1,
  });
  return { 'ca.crt': ca.cert, 'client.crt': cert, 'client.key': key };
}

async function startEtcd(texts: Record<string, string>): Promise<void> {
  const metadata = { name: HOST, namespace: 'default', labels: { app: HOST } };
  await apply({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: texts });
  await apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { selector: { app: HOST }, ports: [{ port: 2379 }] },
  });
  const tls = ['--cert-file=/k/client.crt', '--key-file=/k/client.key', '--trusted-ca-file=/k/ca.crt'];
  const pod = {
    containers: [
      {
        name: 'etcd',
        image: localPlaneImages()['etcd'],
        imagePullPolicy: 'Never',
        args: [
          '--data-dir=/data/etcd',
          '--listen-client-urls=https://0.0.0.0:2379',
          `--advertise-client-urls=https://${HOST}.default.svc:2379`,
          '--client-cert-auth=true',
          ...tls,
        ],
        volumeMounts: [
          { name: 'keys', mountPath: '/k' },
          { name: 'data', mountPath: '/data' },
        ],
      },
    ],
    volumes: [
      { name: 'keys', secret: { secretName: HOST, defaultMode: 0o444 } },
      { name: 'data', emptyDir: {} },
    ],
  };
  await apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { ...pod, securityContext: { fsGroup: 65_532 } },
  });
  const secret = { name: SECRET, namespace: NS, labels: { 'tenantry.dev/backend': 'true' } };
  const stringData = { ...texts, type: 'etcd', endpoints: `https://${HOST}.default.svc:2379` };
  await apply({ apiVersion: 'v1', kind: 'Secret', metadata: secret, stringData });
}

let files: Awaited<ReturnType<typeof keys>>;

/** Keys that the etcd has of all planes, or of one. */
async function count(prefix = '/tenantry/'): Promise<number> {
  const surroundings = nodeSurroundings({ env: process.env, cwd: process.cwd(), clock: systemClock });
  const kubeconfig = fromRunner('KUBECONFIG');
  const access = await loadAccess({ kubeconfig, context: undefined }, surroundings);
  const pod = { namespace: 'default', pod: HOST, port: 2379 };
  const client = await connectEtcd({
    host: `${HOST}.default.svc`,
    port: 2379,
    ca: files['ca.crt'],
    cert: files['client.crt'],
    key: files['client.key'],
    through: () => openPodPort(access, pod, AbortSignal.timeout(PATIENCE_MS)),
  });
  const end = `${prefix.slice(0, -1)}0`;
  const page = await client.range(prefix, end, { limit: 1, revision: 0, countOnly: true });
  client.close();
  return page.count;
}

const said = async (name: string, jsonPath: string): Promise<string> =>
  (await shell(`kubectl get controlplane ${name} -o jsonpath='${jsonPath}'`)).stdout;

beforeAll(async () => {
  await run(`tenantry cluster plane-images --name ${fromRunner('TENANTRY_CLUSTER')}`);
  files = await keys();
  await startEtcd(files);
  for (const name of NAMES)
    await apply({
      apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
      kind: 'ControlPlane',
      metadata: { name },
      spec: { type: 'k8s', backend: 'external', backendSecretRef: { name: SECRET } },
    });
  await run(
    `kubectl wait ${NAMES.map((name) => `controlplane/${name}`).join(' ')} --for=condition=Ready --timeout=${START_MS / 1000}s`,
  );
}, 2 * START_MS);

afterAll(async () => {
  await shell(`kubectl delete controlplane ${NAMES.join(' ')} --ignore-not-found --timeout=60s`);
  await shell(`kubectl delete pod,service,secret ${HOST} -n default --ignore-not-found --timeout=60s`);
  await shell(`kubectl delete secret ${SECRET} -n ${NS} --ignore-not-found`);
});

describe('two planes on an etcd of somebody’s', () => {
  it('run, and their stores are counted one by one', async () => {
    for (const name of NAMES) {
      await run(`kubectl wait controlplane/${name} --for=condition=StoreHealthy --timeout=60s`);
      const { bytes, objects } = JSON.parse(await said(name, '{.status.store}')) as Record<string, number>; // true by the CRD
      expect(objects).toBeGreaterThan(50);
      expect(bytes).toBeGreaterThan(10_000);
    }
  });

  it('go one by one: what the other has stays; one that goes while the etcd is away goes when it is back', async () => {
    const [first, second] = NAMES;
    await must(shell(`kubectl delete controlplane ${first} --timeout=60s`));
    const uid = await said(second, '{.metadata.uid}');
    expect(await count()).toBe(await count(`/tenantry/planes/${uid}/`));
    await run(`kubectl rollout restart deployment/kube-apiserver -n ${second}-system`);
    await run(`kubectl rollout status deployment/kube-apiserver -n ${second}-system --timeout=90s`);

    // Nobody answers at its name now.
    const select = (app: string) =>
      must(
        shell(
          `kubectl patch service ${HOST} -n default --type merge -p '${JSON.stringify({ spec: { selector: { app } } })}'`,
        ),
      );
    await select('nobody');
    await must(shell(`kubectl delete controlplane ${second} --wait=false`));
    await eventually(
      'its namespace is gone',
      async () => (await shell(`kubectl get namespace ${second}-system`)).code !== 0,
      PATIENCE_MS,
    );
    await eventually(
      'it says why it is there still',
      async () =>
        /etcd at foreign-etcd/.test(await said(second, '{.status.conditions[?(@.type=="Synced")].message}')),
      PATIENCE_MS,
    );
    await select(HOST);
    await run(`kubectl wait controlplane/${second} --for=delete --timeout=90s`);

    expect(await count()).toBe(0);
  });
});
