import { createServer as createHttps, type Server } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import {
  CONFIG_MAP,
  NAMESPACE,
  NODE,
  POD,
  SECRET,
  SERVICE,
  SERVICE_ACCOUNT,
  type Pod,
  type Service,
} from '../../src/kube/builtin-kinds.ts';
import { isKubeError } from '../../src/kube/kube-error.ts';
import { tokenSecretName } from '../../src/syncer/pods/pod-tokens.ts';
import { TENANT } from '../builders/virtual.ts';
import { eventually } from '../doubles/eventually.ts';
import { ApiProcesses, freePort } from './api-processes.ts';
import { KUBERNETES_ADDRESS, VirtualRig } from './virtual-rig.ts';

/** Milliseconds that two API servers and the syncer may take for one step on a busy machine. */
const STEP_MS = 30_000;
const HOST_NODE = 'node-1';

let processes: ApiProcesses;
let kubelet: Server;
let rig: VirtualRig;
let host: Client;
let cluster: Client;
const asked: string[] = [];
let suffix = 0;

const soon = <T>(what: string, check: () => T | Promise<T>): Promise<NonNullable<T>> =>
  eventually(what, check, STEP_MS);
const named = (name: string, namespace?: string): { name: string; namespace?: string } => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
});
const inShop = (name: string): { namespace: string; name: string } => ({ namespace: 'shop', name });
const onHost = (name: string): { namespace: string; name: string } => ({
  namespace: TENANT.hostNamespace,
  name: `${name}-x-shop-x-vc1`,
});
const service = (name: string, spec: NonNullable<Service['spec']>): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: inShop(name),
  spec,
});
const pod = (name: string, spec: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...inShop(name), labels: { app: name } },
  spec: { containers: [{ name: 'main', image: 'i' }], ...spec },
});

/** What a kubelet of the host would do with a pod. */
async function run(name: string, status: object = {}): Promise<void> {
  const ref = onHost(name);
  await soon(`the host has ${name}`, () => host.find(POD, ref));
  await host.raw({
    method: 'POST',
    path: `/api/v1/namespaces/${ref.namespace}/pods/${ref.name}/binding`,
    body: {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: ref,
      target: { apiVersion: 'v1', kind: 'Node', name: HOST_NODE },
    },
  });
  const body = {
    status: {
      phase: 'Running',
      startTime: '2026-01-01T00:00:00Z',
      hostIP: '127.0.0.1',
      podIP: '10.1.1.1',
      podIPs: [{ ip: '10.1.1.1' }],
      conditions: [{ type: 'Ready', status: 'True' }],
      ...status,
    },
  };
  await host.patch(POD, ref, { type: 'merge', body }, { subresource: 'status' });
}

async function startKubelet(): Promise<number> {
  const { cert, key } = await processes.certificate({
    commonName: `system:node:${HOST_NODE}`,
    ipAddresses: ['127.0.0.1'],
    usages: ['server'],
  });
  kubelet = createHttps({ cert, key }, (request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(200, { 'content-type': 'text/plain' }).end('a line of the log\n');
  });
  const port = await freePort();
  await new Promise<void>((resolve) => kubelet.listen(port, '127.0.0.1', resolve));
  return port;
}

beforeAll(async () => {
  processes = await ApiProcesses.start();
  const etcd = await processes.etcd();
  const kubeletPort = await startKubelet();
  const hostAccess = await processes.apiServer('host', etcd, ['--disable-admission-plugins=ServiceAccount']);
  host = await processes.ready(hostAccess);
  await host.create(NAMESPACE, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: named(TENANT.hostNamespace),
  });
  await host.create(NODE, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: HOST_NODE, labels: { 'kubernetes.io/arch': 'amd64' } },
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  });
  rig = await VirtualRig.start({ processes, etcd, tenant: TENANT, host, hostAccess });
  cluster = rig.cluster;
  for (const name of ['shop']) {
    await cluster.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: named(name) });
    await cluster.create(SERVICE_ACCOUNT, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: named('default', name),
    });
    await cluster.create(CONFIG_MAP, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: named('kube-root-ca.crt', name),
      data: { 'ca.crt': 'x' },
    });
  }
}, 240_000);

afterAll(async () => {
  await rig?.stop();
  kubelet?.closeAllConnections();
  kubelet?.close();
  await processes?.stop();
});

describe('two real API servers and the syncer between them', () => {
  it('give the tenant’s API server the address that its pods reach', async () => {
    const own = await soon('the API server made its Service', () =>
      cluster.find(SERVICE, named('kubernetes', 'default')),
    );

    expect(own.spec?.clusterIP).toBe(KUBERNETES_ADDRESS);
  });

  it('give Services one address and the same ports from the first moment', async () => {
    const made = await cluster.create(
      SERVICE,
      service('web', { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80 }] }),
    );

    const there = await host.get(SERVICE, onHost('web'));
    expect(made.spec?.clusterIP).toBe(there.spec?.clusterIP);
    expect(made.spec?.clusterIP).toMatch(/^10\.96\./);
    expect(made.spec?.ports?.[0]?.nodePort).toBe(there.spec?.ports?.[0]?.nodePort);
    await soon('it knows whose it is', async () => {
      const { metadata } = await host.get(SERVICE, onHost('web'));
      return metadata.annotations?.['vcluster.loft.sh/object-uid'] === made.metadata.uid;
    });
    await cluster.delete(SERVICE, inShop('web'));
    await soon('it goes', async () => (await host.find(SERVICE, onHost('web'))) === undefined);
  });

  it('follow a Service through its types', async () => {
    await cluster.create(SERVICE, service('turn', { type: 'ExternalName', externalName: 'example.com' }));
    expect(await host.find(SERVICE, onHost('turn'))).toBeUndefined();

    const body = {
      spec: { type: 'NodePort', externalName: null, selector: { app: 'a' }, ports: [{ port: 1 }] },
    };
    const turned = await cluster.patch(SERVICE, inShop('turn'), { type: 'merge', body });

    const there = await host.get(SERVICE, onHost('turn'));
    expect(turned.spec?.clusterIP).toBe(there.spec?.clusterIP);
    expect(turned.spec?.ports?.[0]?.nodePort).toBe(there.spec?.ports?.[0]?.nodePort);
  });

  it('refuse what the host refuses, in the tenant’s words, and leave nothing', async () => {
    const refused = cluster.create(
      SERVICE,
      service('bad', { externalIPs: ['10.0.0.1'], ports: [{ port: 80 }] }),
    );

    await expect(refused).rejects.toThrow(/spec\.externalIPs: addresses of the host are not yours/);
    expect(await host.find(SERVICE, onHost('bad'))).toBeUndefined();
  });

  it('run a pod with its own token, tell its node and status, and show its log', async () => {
    await cluster.create(POD, pod('web'));
    await run('web');

    const running = await soon('the tenant sees it run', async () => {
      const found = await cluster.get(POD, inShop('web'));
      return found.status?.phase === 'Running' && found.spec?.nodeName === HOST_NODE ? found : undefined;
    });
    expect(running.status).toMatchObject({ podIP: '10.1.1.1', hostIP: '127.0.0.1' });
    expect(
      (await soon('its node', () => cluster.find(NODE, named(HOST_NODE)))).metadata.labels,
    ).toMatchObject({
      'kubernetes.io/arch': 'amd64',
    });
    const secret = await host.get(SECRET, named(tokenSecretName(running, TENANT), TENANT.hostNamespace));
    const [token] = Object.values(secret.data ?? {}).map((data) => Buffer.from(data, 'base64').toString());
    const claims = JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString()) as object;
    expect(claims).toMatchObject({
      sub: 'system:serviceaccount:shop:default',
      'kubernetes.io': { pod: { name: 'web', uid: running.metadata.uid } },
    });
    const log = await soon('its log', () =>
      cluster
        .raw({ method: 'GET', path: '/api/v1/namespaces/shop/pods/web/log?tailLines=1' })
        .catch(() => undefined),
    );
    expect(log.text).toBe('a line of the log\n');
    expect(asked.at(-1)).toContain(`/containerLogs/${TENANT.hostNamespace}/web-x-shop-x-vc1/main?`);
  });

  it('dial nothing for a tenant that is not theirs', async () => {
    const hook = (name: string, url: string): object => ({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name },
      webhooks: [
        {
          name: `${name}.example.com`,
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          clientConfig: { url, caBundle: Buffer.from(processes.authority.cert).toString('base64') },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['secrets'], operations: ['CREATE'] }],
          timeoutSeconds: 5,
        },
      ],
    });
    const before = asked.length;
    // The host's API server, and the real kubelet of the node under its own port.
    const port = (kubelet.address() as { port: number }).port;
    const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
    await cluster.raw({
      method: 'POST',
      path,
      body: hook('spy', `https://127.0.0.1:${port}/exec/team-a/x/main`),
    });

    const refused = soon('the hook counts', async () => {
      const name = `s${(suffix += 1)}`;
      const error: unknown = await cluster
        .create(SECRET, { apiVersion: 'v1', kind: 'Secret', metadata: named(name, 'shop') })
        .then(() => undefined)
        .catch((caught: unknown) => caught);
      return isKubeError(error) ? error.message : undefined;
    });

    expect(await refused).toContain('failed calling webhook');
    expect(asked).toHaveLength(before);
    await cluster.raw({ method: 'DELETE', path: `${path}/spy` });
  });

  it('begin where they were after a crash, and end only the pod that the host lost', async () => {
    await cluster.create(POD, pod('kept'));
    await cluster.create(POD, pod('lost'));
    await run('kept');
    await run('lost');
    await soon('both run', async () => {
      const found = await Promise.all(['kept', 'lost'].map((name) => cluster.get(POD, inShop(name))));
      return found.every(({ status }) => status?.phase === 'Running');
    });
    const before = await host.get(POD, onHost('kept'));
    await rig.syncer.stop();

    await host.delete(POD, onHost('lost'), { gracePeriodSeconds: 0 });
    await cluster.delete(SERVICE, inShop('turn'));
    await rig.serve();
    await rig.run();

    await soon('the lost one is gone', async () => (await cluster.find(POD, inShop('lost'))) === undefined);
    await soon(
      'so is what the tenant deleted',
      async () => (await host.find(SERVICE, onHost('turn'))) === undefined,
    );
    expect((await host.get(POD, onHost('kept'))).metadata.uid).toBe(before.metadata.uid);
    expect((await cluster.get(POD, inShop('kept'))).status?.phase).toBe('Running');
  });
});
