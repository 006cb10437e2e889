import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { onNode } from './on-node.ts';
import { run, shell } from './programs.ts';

/*
 * What becomes of instances when the operator, the API server or etcd is killed, when a stock helm is used on a release of
 * ours, and when the operator is taken away and put back: they go on running, and nothing is lost or doubled.
 */

const NS = 'tenantry-system';
const EXAMPLE = 'examples/multitenancy/hello-world';
/** The chart of the example, offered under a name of its own: other files use the example itself. */
const KIND = 'lifecycleservice';
const COMPOSITION = 'life-cycle-composition';
const INSTANCES = ['lc-a', 'lc-b'];
const OPERATOR = 'app.kubernetes.io/component=operator';

const instance = (name: string, spec = '{}'): string =>
  `---\napiVersion: platformapi.kubeplus/v1alpha1\nkind: LifeCycleService\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
const create = (names: readonly string[], spec?: string): Promise<string> =>
  run(`kubectl create -n ${NS} -f -`, { input: names.map((name) => instance(name, spec)).join('') });
const named = (names: readonly string[]): string => names.map((name) => `${KIND}/${name}`).join(' ');
const ready = (names: readonly string[], seconds = 90): Promise<string> =>
  run(`kubectl wait -n ${NS} ${named(names)} --for=condition=Ready --timeout=${seconds}s`);
const remove = (names: readonly string[]): Promise<string> =>
  run(`kubectl delete -n ${NS} ${named(names)} --wait --timeout=90s`);
const available = (): Promise<string> =>
  run(`kubectl rollout status -n ${NS} deployment/tenantry-operator --timeout=90s`);
/** Until the pods are available and the API server reaches their webhooks: after a kill of all of them, nodes hear of the new ones a moment later. */
async function rolledOut(): Promise<void> {
  await available();
  // Several in a row: the API server takes any endpoint of the Service, and all must be reachable.
  await vi.waitFor(() => webhooksAnswer(4), { timeout: 30_000, interval: 200 });
}
async function webhooksAnswer(times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    const tried = await shell(`kubectl create --dry-run=server -n ${NS} -f -`, { input: PROBE });
    if (/failed calling webhook/.test(tried.stderr)) throw new Error(tried.stderr);
  }
}
/** A composition without a chart: refused by whoever looks at it, so it tells whether somebody does. */
const PROBE = `apiVersion: workflows.kubeplus/v1alpha1\nkind: ResourceComposition\nmetadata: {name: lc-probe}\nspec: {newResource: {resource: {kind: Probe, plural: probes}, chartURL: ''}}\n`;
const killOperator = (): Promise<string> =>
  run(`kubectl delete pods -n ${NS} -l ${OPERATOR} --grace-period=0 --force --wait=false`);
const leader = (): Promise<string> =>
  run(`kubectl get lease tenantry-operator -n ${NS} -o jsonpath='{.spec.holderIdentity}'`);

/** One line for each object: kind, name, UID, resourceVersion. Events come and go by themselves. */
async function objectsIn(namespaces: readonly string[]): Promise<string> {
  const kinds = (await run('kubectl api-resources --namespaced --verbs=list -o name'))
    .split('\n')
    .filter((name) => name !== '' && !/^events|metrics/.test(name))
    .join(',');
  const format =
    '{range .items[*]}{.kind} {.metadata.name} {.metadata.uid} {.metadata.resourceVersion}{"\\n"}{end}';
  const lists = await Promise.all(
    namespaces.map((name) => run(`kubectl get ${kinds} -n ${name} -o jsonpath='${format}'`)),
  );
  return [
    ...lists,
    await run(`kubectl get namespaces ${namespaces.join(' ')} -o jsonpath='${format}'`),
    await run(`kubectl get ${KIND} -n ${NS} -o jsonpath='${format}'`),
  ].join('\n');
}

/** Pods of instances, WordPress's among them, by UID, with their restarts: the same before and after if nothing was disturbed. */
async function pods(): Promise<string> {
  const format =
    '{range .items[*]}{.metadata.namespace}/{.metadata.name} {.metadata.uid} {.status.containerStatuses[0].restartCount}{"\\n"}{end}';
  const lists = ['wp-for-tenant1', 'wp-for-tenant2', ...INSTANCES].map((name) =>
    run(`kubectl get pods -n ${name} -o jsonpath='${format}'`),
  );
  return (await Promise.all(lists)).join('');
}

/** Writes of the leading operator since it started, by verb and resource; its leases apart. */
async function writesOfLeader(): Promise<Readonly<Record<string, number>>> {
  const path = `/api/v1/namespaces/${NS}/pods/${await leader()}:8080/proxy/metrics`;
  const text = await run(`kubectl get --raw ${path}`);
  // What a server never says would be taken for what it never did.
  expect(text).toContain('tenantry_api_writes_total');
  const counts: Record<string, number> = {};
  for (const [, verb, resource = '', value] of text.matchAll(
    /^tenantry_api_writes_total\{verb="(\w+)",resource="([^"]+)"\} (\d+)/gm,
  ))
    if (!resource.startsWith('leases.')) counts[`${verb} ${resource}`] = Number(value);
  return counts;
}

interface Helm {
  readonly revision: number;
  readonly status: string;
}

async function history(name: string): Promise<readonly string[]> {
  const listed = JSON.parse(
    await run(`helm history lifecycleservice-${name} -n ${name} -o json`),
  ) as readonly Helm[]; // True by helm's contract.
  return listed.map(({ revision, status }) => `${revision} ${status}`);
}

const greeting = (name: string): Promise<string> =>
  run(
    `kubectl get deployment hello-world -n ${name} -o jsonpath='{.spec.template.spec.containers[0].args[1]}'`,
  );

/** Kills a process of the node as the kernel would. */
const killOnNode = (program: string): Promise<string> => onNode(`kill -9 $(pgrep -x ${program})`);

async function exactlyOnce(names: readonly string[]): Promise<void> {
  for (const name of names) {
    expect(await history(name)).toEqual(['1 deployed']);
    const listed = await run(
      `kubectl get deployments,services,resourcequotas,limitranges -n ${name} -o name`,
    );
    expect(listed.trim().split('\n')).toHaveLength(4);
  }
}

beforeAll(async () => {
  await rolledOut();
  await run(`tenantry chart upload ${EXAMPLE}/chart -n ${NS}`);
  const text = await readFile(`${EXAMPLE}/hello-world-service-composition.yaml`, 'utf8');
  const composition = text
    .replaceAll('HelloWorldService', 'LifeCycleService')
    .replaceAll('helloworldservices', 'lifecycleservices')
    .replaceAll('hello-world-service-composition', COMPOSITION)
    .replaceAll('hello-world-service-', 'life-cycle-service-');
  await run(`kubectl apply -n ${NS} -f -`, { input: composition });
  await run(`kubectl wait -n ${NS} resourcecomposition/${COMPOSITION} --for=condition=Ready --timeout=60s`);
  await create(INSTANCES);
  await ready(INSTANCES);
});

afterAll(async () => {
  await rolledOut();
  await shell(`kubectl label resourcecomposition ${COMPOSITION} -n ${NS} delete=true --overwrite`);
  await shell(`kubectl delete resourcecomposition ${COMPOSITION} -n ${NS} --wait --timeout=120s`);
});

describe('the operator', () => {
  it('writes nothing when it is started where instances run', async () => {
    const before = await objectsIn([...INSTANCES, 'wp-for-tenant1']);

    await run(`kubectl delete pods -n ${NS} -l ${OPERATOR} --wait --timeout=60s`);
    // Its webhooks are not asked here: what they ask in turn would count among its writes.
    await available();
    await expect.poll(() => writesOfLeader(), { timeout: 30_000 }).toEqual({});

    expect(await objectsIn([...INSTANCES, 'wp-for-tenant1'])).toBe(before);
    expect(await writesOfLeader()).toEqual({});
  });

  it('is followed by its other replica within seconds', async () => {
    const former = await leader();
    const start = performance.now();

    await run(`kubectl delete pod ${former} -n ${NS} --wait=false`);
    await expect.poll(leader, { timeout: 20_000, interval: 100 }).not.toMatch(new RegExp(`^(${former})?$`));

    // Far below the lease's 15 s: who ends in order gives the lease back.
    expect(performance.now() - start).toBeLessThan(8_000);
    await rolledOut();
  });

  it('killed while it creates, changes and deletes, goes on where it was', async () => {
    await create(['lc-k1', 'lc-k2', 'lc-k3']);
    await killOperator();
    await ready(['lc-k1', 'lc-k2', 'lc-k3']);
    await exactlyOnce(['lc-k1', 'lc-k2', 'lc-k3']);

    await rolledOut();
    await run(`kubectl patch ${KIND} lc-k1 -n ${NS} --type merge -p '{"spec":{"greeting":"changed"}}'`);
    await killOperator();
    await run(`kubectl wait -n ${NS} ${KIND}/lc-k1 --for=jsonpath='{.status.release}'=2 --timeout=90s`);
    expect(await greeting('lc-k1')).toBe('-text=changed');
    expect(await history('lc-k1')).toEqual(['1 superseded', '2 deployed']);

    await rolledOut();
    await run(`kubectl delete -n ${NS} ${named(['lc-k1', 'lc-k2', 'lc-k3'])} --wait=false`);
    await killOperator();
    await run(`kubectl wait -n ${NS} ${named(['lc-k1', 'lc-k2', 'lc-k3'])} --for=delete --timeout=90s`);
    expect(await run('kubectl get namespaces -o name')).not.toMatch(/lc-k/);
  });

  it('being down, hinders nobody else; deletions wait, and doctor says why', async () => {
    await rolledOut();
    await create(['lc-down']);
    await ready(['lc-down']);
    await run(`kubectl scale deployment tenantry-operator -n ${NS} --replicas=0`);
    try {
      await run(`kubectl wait pods -n ${NS} -l ${OPERATOR} --for=delete --timeout=60s`);
      await run('kubectl create namespace lc-bystander');
      await run('kubectl create configmap anything -n lc-bystander');
      await run('kubectl delete namespace lc-bystander --timeout=60s');
      await run(`kubectl delete ${KIND} lc-down -n ${NS} --wait=false`);
      expect((await shell('tenantry doctor')).stdout).toMatch(/✗ operator +the operator is scaled to 0/);
      await run('kubectl get namespace lc-down');
    } finally {
      await run(`kubectl scale deployment tenantry-operator -n ${NS} --replicas=2`);
    }

    await rolledOut();
    await run(`kubectl wait -n ${NS} ${KIND}/lc-down --for=delete --timeout=60s`);
    expect((await shell('kubectl get namespace lc-down')).code).not.toBe(0);
  });
});

describe('the cluster', () => {
  it.each(['kube-apiserver', 'etcd'])(
    'whose %s is killed while instances are made, has each once',
    async (program) => {
      const names = [1, 2, 3, 4].map((number) => `lc-${program.slice(0, 4)}${number}`);
      await create(names);

      await killOnNode(program);
      await expect
        .poll(async () => (await shell('kubectl get --raw /readyz')).code, { timeout: 60_000 })
        .toBe(0);

      await ready(names);
      await exactlyOnce(names);
      await remove(names);
    },
  );
});

describe('a release, under a stock helm', () => {
  const drop = '--labels tenantry.dev/instance-uid=null,tenantry.dev/inputs=null';

  it('is not rolled back or upgraded by accident: the denial says what to do', async () => {
    const { code, stderr } = await shell(
      `helm upgrade lifecycleservice-lc-a ${EXAMPLE}/chart -n lc-a --set greeting=evil`,
    );

    expect(code).not.toBe(0);
    expect(stderr).toMatch(/change its instance/);
    expect(await history('lc-a')).toEqual(['1 deployed']);
  });

  it('is put back after an upgrade by force, with an event, and counts on', async () => {
    const forced = await shell(
      `helm upgrade lifecycleservice-lc-a ${EXAMPLE}/chart -n lc-a --set greeting=evil --force-conflicts ${drop}`,
    );
    // It got in. Whether Helm still finds its own revision when it writes "deployed" is a race with the
    // operator, who takes it away as soon as it sees it.
    expect(forced.stdout + forced.stderr).toMatch(
      /has been upgraded|secrets "sh\.helm\.release\.v1\.lifecycleservice-lc-a\.v2" not found/,
    );

    await expect.poll(() => greeting('lc-a'), { timeout: 20_000 }).not.toMatch(/evil/);
    await expect.poll(() => history('lc-a'), { timeout: 20_000 }).toEqual(['1 deployed']);
    expect(await run(`kubectl describe ${KIND} lc-a -n ${NS}`)).toMatch(
      /Repaired .*Helm release lifecycleservice-lc-a/,
    );
    await run(`kubectl patch ${KIND} lc-a -n ${NS} --type merge -p '{"spec":{"greeting":"ours"}}'`);
    await run(`kubectl wait -n ${NS} ${KIND}/lc-a --for=jsonpath='{.status.release}'=2 --timeout=60s`);
    expect(await history('lc-a')).toEqual(['1 superseded', '2 deployed']);
  });

  it('comes back after it was uninstalled', async () => {
    await run('helm uninstall lifecycleservice-lc-b -n lc-b');

    await expect
      .poll(async () => (await shell('helm status lifecycleservice-lc-b -n lc-b')).code, { timeout: 30_000 })
      .toBe(0);
    await run(`kubectl wait -n lc-b deployment/hello-world --for=condition=Available --timeout=60s`);
    await ready(['lc-b']);
    // Written again from what was read before, or rendered anew if nothing was left to read.
    expect(await history('lc-b')).toEqual([expect.stringMatching(/^[12] deployed$/)]);
  });

  it('has notes, values and a manifest', async () => {
    const release = 'lifecycleservice-lc-a -n lc-a';
    expect(await run(`helm get notes ${release}`)).toMatch(/1 pod\(s\) answer with "ours"/);
    expect(await run(`helm get values ${release}`)).toMatch(/greeting: ours/);
    expect(await run(`helm get manifest ${release}`)).toMatch(/kind: Deployment/);
  });
});

describe('drift', () => {
  it.each([
    ['deployment', 'hello-world'],
    ['service', 'hello-world'],
    ['networkpolicy', 'restrict-cross-ns-traffic'],
    ['networkpolicy', 'allow-external-traffic'],
    ['resourcequota', 'lifecycleservice-lc-a'],
    ['limitrange', ''],
    ['rolebinding', ''],
  ])('a deleted %s %s comes back', async (kind, name) => {
    const before = await run(`kubectl get ${kind} ${name} -n lc-a -o name`);

    await run(`kubectl delete ${kind} ${name === '' ? '--all' : name} -n lc-a`);

    await expect
      .poll(async () => (await shell(`kubectl get ${kind} ${name} -n lc-a -o name`)).stdout, {
        timeout: 30_000,
      })
      .toBe(before);
  });
});

describe('drift while the operator is down', () => {
  it('is put back, also of the binding that its account needs to read the release', async () => {
    await run(`kubectl scale deployment tenantry-operator -n ${NS} --replicas=0`);
    try {
      await run(`kubectl wait pods -n ${NS} -l ${OPERATOR} --for=delete --timeout=60s`);
      await run('kubectl delete rolebinding --all -n lc-a');
      await run('kubectl delete deployment hello-world -n lc-a');
    } finally {
      await run(`kubectl scale deployment tenantry-operator -n ${NS} --replicas=2`);
    }

    await rolledOut();
    await run('kubectl wait -n lc-a deployment/hello-world --for=create --timeout=60s');
    await run('kubectl wait -n lc-a deployment/hello-world --for=condition=Available --timeout=60s');
    expect(await history('lc-a')).toEqual(['1 superseded', '2 deployed']);
  });
});

describe('the installation', () => {
  /** Values that the operator was installed with: it is put back as it was found. */
  let values = '';
  beforeAll(async () => {
    values = join(await mkdtemp(join(tmpdir(), 'tenantry-values-')), 'values.yaml');
    await writeFile(values, await run(`helm get values tenantry -n ${NS} -o yaml`));
  });
  afterAll(() => rm(dirname(values), { recursive: true, force: true }));

  it('taken away and put back finds its instances and disturbs no pod', async () => {
    await ready(INSTANCES);
    await run(
      'kubectl wait -n lc-a deployment/hello-world --for=jsonpath={.status.replicas}=1 --timeout=60s',
    );
    const before = await pods();

    // A plain helm delete: its hook releases the instances.
    await run(`helm delete tenantry -n ${NS} --timeout 120s`);
    try {
      expect(
        await run('kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations -o name'),
      ).toBe('');
      expect(await pods()).toBe(before);
      expect((await shell('tenantry doctor')).stdout).toMatch(
        /✗ operator +the operator is not installed here/,
      );
      // Nothing waits for an operator that is gone.
      await run(`kubectl delete ${KIND} lc-b -n ${NS} --timeout=20s`);
      await run('kubectl delete namespace lc-b --timeout=60s');
      const alone = await shell(`tenantry install -f ${values} --set parts.cluster=false`);
      expect(alone.stderr).toMatch(/the cluster part is not installed/);
    } finally {
      await run(`tenantry install -f ${values}`);
    }

    expect((await pods()).split('\n')).toEqual(
      before.split('\n').filter((line) => !line.startsWith('lc-b/')),
    );
    await ready(['lc-a']);
    expect(await run('tenantry doctor')).not.toMatch(/✗/);
  });

  it('is put back right after `tenantry uninstall`, while namespaces are still going', async () => {
    const before = await pods();

    await run('tenantry uninstall --instances keep');
    await run(`tenantry install -f ${values}`);

    expect(await pods()).toBe(before);
    await ready(['lc-a']);
    expect(await run('tenantry doctor')).not.toMatch(/✗/);
  });
});
