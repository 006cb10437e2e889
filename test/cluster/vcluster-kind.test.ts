import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../doubles/eventually.ts';
import { fromRunner, run, shell } from './programs.ts';

// A VirtualCluster as people meet it: from its creation to its end, with the pods of its tenant on the host between.

const NS = `test-vc-${Date.now().toString(36)}`;
const OPERATOR_NS = 'tenantry-system';
const ACCOUNTS = 'tenantry-system-services';
const NAME = 'one';
/** Most of it is an etcd and an API server on a machine that does other things, too. */
const START_MS = 180_000;
const PATIENCE_MS = 60_000;
/** Answers with the pod's name. */
const SERVER =
  "require('http').createServer((q, r) => r.end('hello from ' + process.env.POD)).listen(8080, () => console.log('listening'))";

const folder = mkdtempSync(join(tmpdir(), 'tenantry-vcluster-'));
const kubeconfig = join(folder, 'kubeconfig');
let image: string;

type Ended = ReturnType<typeof shell>;
const soon = <T>(what: string, check: () => T | Promise<T>): Promise<NonNullable<T>> =>
  eventually(what, check, PATIENCE_MS);
const inside = (line: string, input?: string): Ended =>
  shell(line, { env: { KUBECONFIG: kubeconfig }, ...(input === undefined ? {} : { input }) });
const apply = (object: object, flags = ''): Ended =>
  shell(`kubectl apply ${flags} -f -`, { input: JSON.stringify(object) });

async function must(ended: Ended): Promise<string> {
  const { code, stdout, stderr } = await ended;
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

const virtualCluster = (name: string, namespace: string, spec: object = {}): object => ({
  apiVersion: 'tenantry.dev/v1alpha1',
  kind: 'VirtualCluster',
  metadata: { name, namespace },
  spec,
});

/** The kubeconfig of the Secret, with a way in through a port of this machine. */
async function fetchKubeconfig(): Promise<void> {
  const text = await run(`kubectl get secret vc-${NAME} -n ${NS} -o jsonpath='{.data.config}'`);
  // True by the Secret's form.
  const config = JSON.parse(Buffer.from(text, 'base64').toString()) as {
    clusters: { cluster: { server: string } }[];
  };
  const { cluster } = config.clusters[0] ?? { cluster: { server: '' } };
  expect(cluster.server).toBe('https://localhost:8443');
  const address = await run(
    `kubectl get service vc-${NS} -n vc-${NS}-system -o jsonpath='{.spec.clusterIP}'`,
  );
  const port = await run(
    `tenantry cluster forward --keep ${address.trim()}:443 --name ${fromRunner('TENANTRY_CLUSTER')}`,
  );
  cluster.server = port.trim().replace('http:', 'https:');
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
}

const web = (replicas: number): string => {
  const labels = { app: 'web' };
  const container = {
    name: 'main',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['node', '-e', SERVER],
    env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
  };
  const template = {
    metadata: { labels },
    spec: { terminationGracePeriodSeconds: 0, containers: [container] },
  };
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { replicas, selector: { matchLabels: labels }, template },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    },
  ];
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
};

/** Names of pods that run, seen by a kubectl. */
const runningPods = async (
  kubectl: (line: string) => Ended,
  namespace: string,
): Promise<readonly string[]> => {
  const line = `kubectl get pods -n ${namespace} --field-selector=status.phase=Running -o name`;
  return (await must(kubectl(line))).split('\n').filter((name) => name !== '');
};
const webPods = async (): Promise<readonly string[]> => runningPods(inside, 'shop');

beforeAll(async () => {
  await run(`tenantry cluster plane-images --name ${fromRunner('TENANTRY_CLUSTER')}`);
  // An image that every cluster with an operator has, and in it a program that can be asked for anything.
  const images = await run(
    `kubectl get deployments -n ${OPERATOR_NS} -o jsonpath='{.items[*].spec.template.spec.containers[0].image}'`,
  );
  image = images.split(' ')[0] ?? '';
  await run(`kubectl create namespace ${NS}`);
  // The tenant's name server has one place.
  await run(`kubectl create quota plan -n ${NS} --hard=pods=3`);
  const begin = performance.now();
  await must(apply(virtualCluster(NAME, NS)));
  const wait = `kubectl wait vc/${NAME} -n ${NS} --for=condition=Ready --timeout=${START_MS / 1000}s`;
  if ((await shell(wait)).code !== 0)
    throw new Error(await run(`kubectl get vc/${NAME} -n ${NS} -o yaml; kubectl get cp/vc-${NS} -o yaml`));
  process.stdout.write(`create → Ready: ${((performance.now() - begin) / 1000).toFixed(1)} s\n`);
  await fetchKubeconfig();
}, 2 * START_MS);

afterAll(async () => {
  await shell(`kubectl delete namespace ${NS} --ignore-not-found --timeout=90s`);
  await shell(`kubectl delete namespace ${NS}-other --ignore-not-found --wait=false`);
  rmSync(folder, { recursive: true });
});

describe('making one', () => {
  it('is refused where there is one already', async () => {
    const { code, stderr } = await apply(virtualCluster('two', NS));

    expect(code).not.toBe(0);
    expect(stderr).toContain(`virtual cluster ${NAME} is in namespace ${NS} already`);
  });

  it('is refused to whoever may not run pods there, and to the operator itself', async () => {
    await run(`kubectl create namespace ${NS}-other`);
    await run(`kubectl create role maker -n ${NS}-other --verb='*' --resource=virtualclusters.tenantry.dev`);
    await run(`kubectl create rolebinding maker -n ${NS}-other --role=maker --user=eve`);
    const wanted = virtualCluster('mine', `${NS}-other`);
    const operator = `system:serviceaccount:${OPERATOR_NS}:tenantry-operator`;

    const eve = await apply(wanted, '--as=eve');
    const itself = await apply(wanted, `--as=${operator}`);
    const elsewhere = await apply(virtualCluster('mine', OPERATOR_NS));

    expect(eve.stderr).toMatch(/in its namespace, and you may not/);
    expect(itself.stderr).toMatch(/in its namespace, and you may not/);
    expect(elsewhere.stderr).toContain('not for tenants');
  });

  it('lets its account into its own namespace and no other one', async () => {
    const uid = (await run(`kubectl get vc ${NAME} -n ${NS} -o jsonpath='{.metadata.uid}'`)).trim();
    const account = `system:serviceaccount:${ACCOUNTS}:vc-${uid}`;
    const binding = (namespace: string, subject: string): object => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'tenantry-virtual-cluster', namespace },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'tenantry-virtual-cluster',
      },
      subjects: [{ kind: 'ServiceAccount', name: subject, namespace: ACCOUNTS }],
    });
    const can = async (verb: string, namespace: string): Promise<string> =>
      (await shell(`kubectl auth can-i ${verb} -n ${namespace} --as=${account}`)).stdout.trim();
    const asOperator = `--as=system:serviceaccount:${OPERATOR_NS}:tenantry-operator --server-side --force-conflicts`;

    expect(await can('create pods', NS)).toBe('yes');
    expect(await can('get secrets', `${NS}-other`)).toBe('no');
    expect(await can('get nodes', `${NS}-other`)).toBe('no');
    const foreign = await apply(binding(`${NS}-other`, `vc-${uid}`), asOperator);
    expect(foreign.stderr).toContain('tenantry-virtual-cluster-bindings');
    const other = await apply(binding(NS, 'vc-00000000-0000-0000-0000-000000000000'), asOperator);
    expect(other.stderr).toContain('only to the account of the virtual cluster of the namespace');
    const renamed = {
      ...binding(`${NS}-other`, `vc-${uid}`),
      metadata: { name: 'a', namespace: `${NS}-other` },
    };
    expect((await apply(renamed, asOperator)).stderr).toContain('tenantry-operator-writes');
  });
});

describe('inside', () => {
  it('runs what the quota of the host allows, and says why the rest does not run', async () => {
    await must(inside('kubectl apply -f -', web(3)));

    await soon('two of three run', async () => (await webPods()).length === 2);

    const said = await soon('the tenant sees why', async () => {
      const { stdout } = await inside('kubectl get events -n shop --field-selector=reason=SyncError');
      return stdout.includes('exceeded quota') ? stdout : undefined;
    });
    expect(said).not.toContain(NS);
    const host = await runningPods(shell, NS);
    expect(host.filter((name) => /^pod\/web-.*-x-shop-x-one$/.test(name))).toHaveLength(2);
    expect((await shell('kubectl get namespace shop')).code).not.toBe(0);
    await must(inside('kubectl scale -n shop deployment/web --replicas=2'));
    expect(await must(inside('kubectl rollout status -n shop deployment/web --timeout=60s'))).toContain(
      'successfully rolled out',
    );
  });

  it('finds Services by their names in the tenant’s cluster, and shows logs', async () => {
    const [pod = ''] = await webPods();
    const ask = `fetch('http://web.shop').then((answer) => answer.text()).then(console.log, (error) => console.log(String(error.cause)))`;

    const answer = await soon('an answer by name', async () => {
      const { stdout } = await inside(`kubectl exec -i -n shop ${pod} -- node -`, ask);
      return stdout.includes('hello from web-') ? stdout : undefined;
    });
    expect(answer).toMatch(/hello from web-/);
    expect(await must(inside(`kubectl logs -n shop ${pod}`))).toBe('listening');
    const addresses = async (kubectl: (line: string) => Ended, name: string, namespace: string) =>
      must(kubectl(`kubectl get service ${name} -n ${namespace} -o jsonpath='{.spec.clusterIP}'`));
    expect(await addresses(inside, 'web', 'shop')).toBe(await addresses(shell, 'web-x-shop-x-one', NS));
  });

  it('rests while it is paused, and goes on afterwards', async () => {
    await run(`kubectl patch vc ${NAME} -n ${NS} --type=merge -p '{"spec":{"paused":true}}'`);
    await soon('no pod is left on the host', async () => {
      const [tenant, plane] = await Promise.all(
        [NS, `vc-${NS}-system`].map((one) => runningPods(shell, one)),
      );
      return tenant?.length === 0 && plane?.every((name) => !name.includes('etcd')) === true;
    });
    const reason = await run(
      `kubectl get vc ${NAME} -n ${NS} -o jsonpath='{.status.conditions[?(@.type=="Ready")].reason}'`,
    );
    expect(reason.trim()).toBe('Paused');

    await run(`kubectl patch vc ${NAME} -n ${NS} --type=merge -p '{"spec":{"paused":false}}'`);

    await run(`kubectl wait vc/${NAME} -n ${NS} --for=condition=Ready --timeout=${PATIENCE_MS / 1000}s`);
    await soon('two pods run again', async () => (await webPods()).length === 2);
  });
});

describe('ending one', () => {
  it('leaves nothing', async () => {
    const uid = (await run(`kubectl get vc ${NAME} -n ${NS} -o jsonpath='{.metadata.uid}'`)).trim();

    await run(`kubectl delete vc ${NAME} -n ${NS} --timeout=${PATIENCE_MS / 1000}s`);

    await soon('nothing of it is on the host', async () => {
      const kinds = 'pods,services,secrets,endpointslices,persistentvolumeclaims,rolebindings';
      const { stdout } = await shell(`kubectl get ${kinds} -n ${NS} -o name`);
      return stdout.trim() === '';
    });
    expect((await shell(`kubectl get namespace vc-${NS}-system`)).code).not.toBe(0);
    expect((await shell(`kubectl get serviceaccount vc-${uid} -n ${ACCOUNTS}`)).code).not.toBe(0);
    expect((await shell(`kubectl get controlplane vc-${NS}`)).code).not.toBe(0);
  });
});
