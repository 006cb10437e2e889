import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/http-client.ts';
import { loadAccess } from '../../src/client/load-access.ts';
import { nodeSurroundings } from '../../src/client/surroundings.ts';
import {
  CORE_EVENT,
  DEPLOYMENT,
  NAMESPACE,
  POD,
  RESOURCE_QUOTA,
  SECRET,
  SERVICE_ACCOUNT,
  type Deployment,
  type Pod,
} from '../../src/kube/builtin-kinds.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Tenant } from '../../src/syncer/tenant.ts';
import { TENANT } from '../builders/virtual.ts';
import { eventually } from '../doubles/eventually.ts';
import { ApiProcesses, freePort } from './api-processes.ts';
import { fromRunner, run as runLine, shell } from './programs.ts';
import { VirtualRig } from './virtual-rig.ts';

// A tenant with a cluster of their own on a cluster that is real: pods that run, and kubectl as a tenant uses it. The tenant's API
// server is a process beside the test; everything between it and the host is what the operator would run.

const STEP_MS = 60_000;
const HOST_NAMESPACE = `tenantry-test-virtual-${Date.now().toString(36)}`;
const VIRTUAL: Tenant = { ...TENANT, hostNamespace: HOST_NAMESPACE };
const SERVER = `require('http').createServer((q, r) => r.end('hello from ' + process.env.POD)).listen(8080);
console.log('listening'); setInterval(() => console.log('line'), 1000)`;

let processes: ApiProcesses;
let rig: VirtualRig;
let host: Client;
let kubeconfig: string;
let image: string;

const soon = <T>(what: string, check: () => T | Promise<T>): Promise<NonNullable<T>> =>
  eventually(what, check, STEP_MS);
const kubectl = (line: string, input?: string): ReturnType<typeof shell> =>
  shell(`kubectl -n shop ${line}`, {
    env: { KUBECONFIG: kubeconfig },
    ...(input === undefined ? {} : { input }),
  });

function deployment(replicas: number): Deployment {
  const labels = { app: 'web' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'main',
              image,
              imagePullPolicy: 'IfNotPresent',
              command: ['node', '-e', SERVER],
              env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
            },
          ],
        },
      },
    },
  };
}

async function running(): Promise<readonly Pod[]> {
  const { items } = await rig.cluster.list(POD, { namespace: 'shop' });
  return items.filter(({ status }) => status?.phase === 'Running');
}

beforeAll(async () => {
  const surroundings = nodeSurroundings({ env: process.env, cwd: process.cwd(), clock: systemClock });
  const hostAccess = await loadAccess({}, surroundings);
  host = createClient(hostAccess, { clock: systemClock });
  fromRunner('TENANTRY_CLUSTER');
  // An image that every cluster with an operator has, and in it a program that can be asked for anything.
  const images = await runLine(
    "kubectl get deployments -n tenantry-system -o jsonpath='{.items[*].spec.template.spec.containers[0].image}'",
  );
  image = images.split(' ')[0] ?? '';
  await host.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: HOST_NAMESPACE } });
  await host.create(SERVICE_ACCOUNT, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: VIRTUAL.workloadServiceAccount, namespace: HOST_NAMESPACE },
  });
  await host.create(RESOURCE_QUOTA, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'plan', namespace: HOST_NAMESPACE },
    spec: { hard: { pods: '2' } },
  });
  processes = await ApiProcesses.start();
  rig = await VirtualRig.start({
    processes,
    etcd: await processes.etcd(),
    tenant: VIRTUAL,
    host,
    hostAccess,
  });
  await processes.controllerManager('tenant', rig.access);
  kubeconfig = await processes.kubeconfig('tenant', rig.access);
  await rig.cluster.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
}, 240_000);

afterAll(async () => {
  await rig?.stop();
  await processes?.stop();
  await host?.delete(NAMESPACE, { name: HOST_NAMESPACE });
  await host?.close();
});

describe('a virtual cluster on a real one', () => {
  it('runs a Deployment, and says why its third replica does not run', async () => {
    await rig.cluster.create(DEPLOYMENT, deployment(3));

    await soon('two of three run', async () => (await running()).length === 2);

    const { items } = await host.list(POD, { namespace: HOST_NAMESPACE });
    expect(items).toHaveLength(2);
    const said = await soon('the tenant sees why', async () => {
      const events = await rig.cluster.list(CORE_EVENT, { namespace: 'shop' });
      return events.items.find(({ reason }) => reason === 'SyncError');
    });
    expect(said.message).toContain('exceeded quota: plan');
    expect(said.message).not.toContain(HOST_NAMESPACE);
    await rig.cluster.patch(
      DEPLOYMENT,
      { namespace: 'shop', name: 'web' },
      { type: 'merge', body: { spec: { replicas: 2 } } },
    );
    const status = await kubectl('rollout status deployment/web --timeout=60s');
    expect(status.stdout).toContain('successfully rolled out');
  });

  it('shows logs and runs commands', async () => {
    const [pod] = await running();
    const name = pod?.metadata.name ?? '';

    await soon('its log', async () => (await kubectl(`logs ${name}`)).stdout.includes('listening'));
    await soon('the log of both, a line each', async () => {
      const { stdout } = await kubectl('logs -l app=web --tail=1 --prefix');
      return stdout.trim().split('\n').length === 2;
    });
    const echoed = await kubectl(
      `exec -i ${name} -- node -e "process.stdin.pipe(process.stdout)"`,
      'through and back',
    );
    expect(echoed.stdout).toBe('through and back');
    const failed = await kubectl(`exec ${name} -- node -e "console.error('no'); process.exit(7)"`);
    expect(failed).toMatchObject({ code: 7 });
    expect(failed.stderr).toContain('no');
    const followed = await kubectl(`logs -f ${name} --since=1s --limit-bytes=12`);
    expect(followed.stdout).toContain('line');
    const missing = await kubectl(`logs ${name} -c other`);
    expect(missing.stderr).not.toContain(HOST_NAMESPACE);
  });

  it('knows itself by its own name and its own cluster', async () => {
    const [pod] = await running();
    const name = pod?.metadata.name ?? '';

    const env = await kubectl(
      `exec ${name} -- node -e "console.log(process.env.POD, process.env.KUBERNETES_SERVICE_HOST)"`,
    );
    expect(env.stdout.trim()).toBe(`${name} 10.96.0.1`);
    const read = `const f=require('fs'),d='/var/run/secrets/kubernetes.io/serviceaccount/';
console.log(f.readFileSync(d+'namespace','utf8'));console.log(JSON.parse(Buffer.from(f.readFileSync(d+'token','utf8').split('.')[1],'base64url')).sub);
console.log(f.readFileSync(d+'ca.crt','utf8').includes('BEGIN CERTIFICATE'))`;
    const own = await kubectl(`exec -i ${name} -- node -`, read);
    expect(own.stdout.trim().split('\n')).toEqual(['shop', 'system:serviceaccount:shop:default', 'true']);
  });

  it('forwards ports', async () => {
    const [pod] = await running();
    const name = pod?.metadata.name ?? '';
    const port = await freePort();
    const forward = spawn(fromRunner('KUBECTL'), ['-n', 'shop', 'port-forward', name, `${port}:8080`], {
      env: { ...process.env, KUBECONFIG: kubeconfig },
      stdio: 'ignore',
    });
    try {
      const text = await soon('an answer through the tunnel', () =>
        fetch(`http://127.0.0.1:${port}`).then(
          (answer) => answer.text(),
          () => undefined,
        ),
      );
      expect(text).toBe(`hello from ${name}`);
    } finally {
      forward.kill();
    }
  });

  it('tells what happened to a pod as the host’s kubelet says it', async () => {
    const [pod] = await running();

    const told = await soon('its events', async () => {
      const { stdout } = await kubectl(`describe pod ${pod?.metadata.name}`);
      return /Started\s/.test(stdout) && stdout.includes('Scheduled') ? stdout : undefined;
    });
    expect(told).not.toContain(HOST_NAMESPACE);
  });

  it('makes a pod anew that the host lost, and leaves nothing when the tenant’s namespace goes', async () => {
    const before = new Set((await running()).map(({ metadata }) => metadata.name));
    const [lost] = (await host.list(POD, { namespace: HOST_NAMESPACE })).items;

    await host.delete(
      POD,
      { namespace: HOST_NAMESPACE, name: lost?.metadata.name ?? '' },
      { gracePeriodSeconds: 0 },
    );

    await soon('another one runs', async () => {
      const now = await running();
      return now.length === 2 && now.some(({ metadata }) => !before.has(metadata.name));
    });
    await rig.cluster.delete(NAMESPACE, { name: 'shop' });
    await soon('nothing is left on the host', async () => {
      const [pods, secrets] = await Promise.all([
        host.list(POD, { namespace: HOST_NAMESPACE }),
        host.list(SECRET, { namespace: HOST_NAMESPACE }),
      ]);
      return pods.items.length === 0 && secrets.items.length === 0;
    });
    await soon(
      'the namespace is gone',
      async () => (await rig.cluster.find(NAMESPACE, { name: 'shop' })) === undefined,
    );
  });
});
