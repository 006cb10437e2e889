import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withPodSettings, type PodSettings } from '../../src/features/instance/pod-settings.ts';
import { machineState } from './machine-state.ts';
import { fromRunner, shell, type Ended } from './programs.ts';

/** A cluster of two nodes beside the one that the other tests use: what goes from node to node, and what becomes of a node that dies. */
const NAME = 'pair';
const IMAGE = 'localhost/tenantry/http-echo:1.0.0';
const PORT = 5678;

let dataHome = '';
let before = '';

const home = (): string => join(dataHome, 'tenantry/clusters', NAME);
const env = (): Record<string, string> => ({
  XDG_DATA_HOME: dataHome,
  XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  KUBECONFIG: join(home(), 'kubeconfig'),
});
const sh = (line: string, input?: string): Promise<Ended> =>
  shell(line, { env: env(), ...(input === undefined ? {} : { input }) });
const cluster = (words: string): Promise<Ended> => sh(`tenantry cluster ${words} --name ${NAME}`);

/** A line that must work; answers what it prints. */
async function ok(line: string, input?: string): Promise<string> {
  const { code, stdout, stderr } = await sh(line, input);
  if (code !== 0) throw new Error(`\`${line}\` ended with ${code}\n${stdout}${stderr}`);
  return stdout;
}

/** The first answer that passes. */
async function eventually<T>(
  ask: () => Promise<T>,
  passes: (answer: T) => boolean,
  seconds = 30,
): Promise<T> {
  const deadline = performance.now() + seconds * 1_000;
  for (;;) {
    const answer = await ask();
    if (passes(answer) || performance.now() > deadline) return answer;
    await pause(250);
  }
}

const apply = (...items: readonly unknown[]): Promise<string> =>
  ok('kubectl apply -f -', JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));

const namespace = 'default';
const claim = (name: string): unknown => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '64Mi' } } },
});
const pod = (name: string, node: number): unknown => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 0,
    nodeSelector: { 'kubernetes.io/hostname': `${NAME}-${node}` },
    containers: [
      {
        name: 'c',
        image: IMAGE,
        args: [`-text=I am ${name}`, `-listen=:${PORT}`],
        readinessProbe: { httpGet: { port: PORT }, periodSeconds: 1 },
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
    ],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: name } }],
  },
});
/** A pod as the operator would write it for an instance. */
const instancePod = (
  name: string,
  instanceUid: string,
  settings: Omit<PodSettings, 'instanceUid'>,
  more: object = {},
): unknown =>
  withPodSettings(
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace },
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: IMAGE }], ...more },
    },
    { instanceUid, ...settings },
  );
const service = (name: string): unknown => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: {
    type: 'LoadBalancer',
    ipFamilyPolicy: 'PreferDualStack',
    selector: { app: name },
    ports: [{ port: 80, targetPort: PORT }],
  },
});
const policy = (app: string, spec: Record<string, unknown>): unknown => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: `about-${app}`, namespace },
  spec: { podSelector: { matchLabels: { app } }, ...spec },
});

const bracketed = (ip: string): string => (ip.includes(':') ? `[${ip}]` : ip);

/** Both addresses of a pod with its port. */
async function targets(name: string): Promise<string[]> {
  const ips = await ok(`kubectl get pod ${name} -o jsonpath='{.status.podIPs[*].ip}'`);
  return ips.split(' ').map((ip) => `${bracketed(ip)}:${PORT}`);
}

/** Whether a program in the pod reaches each of the targets. */
const reaches = (from: string, to: readonly string[]): Promise<boolean[]> =>
  Promise.all(
    to.map(
      async (target) =>
        (await sh(`kubectl exec ${from} -- /http-echo -dial=${target} -timeout=1s`)).code === 0,
    ),
  );
const all = (answers: readonly boolean[]): boolean => answers.every(Boolean);
const none = (answers: readonly boolean[]): boolean => !answers.some(Boolean);

const PAIRS = [
  ['one', 'two'],
  ['two', 'one'],
] as const;

beforeAll(async () => {
  dataHome = await mkdtemp(join(tmpdir(), 'tp-'));
  before = await machineState(NAME, home());
  // The image is in the cluster that the other tests use.
  const archive = join(dataHome, 'echo.tar');
  const main = await shell(`tenantry cluster kubeconfig --name ${fromRunner('TENANTRY_CLUSTER')}`);
  const socket = main.stdout.trim().replace(/kubeconfig$/, 'run/containerd.sock');
  await shell(`ctr --address ${socket} --namespace k8s.io images export ${archive} ${IMAGE}`);
  await ok(`tenantry cluster up --name ${NAME} --nodes 2 --subnet 10.99.0.0/24`);
  await ok(`tenantry cluster load-image ${archive} --name ${NAME}`);
  for (const [name, node] of [
    ['one', 1],
    ['two', 2],
  ] as const)
    await apply(claim(name), pod(name, node), service(name));
  await ok('kubectl wait --for=condition=Ready pod/one pod/two --timeout=60s');
});

afterAll(async () => {
  await cluster('down');
  await rm(dataHome, { recursive: true, force: true });
});

describe('a cluster of two nodes', () => {
  it('has two ready nodes with addresses and pods of their own', async () => {
    const list = JSON.parse(await ok('kubectl get nodes -o json'));

    expect(list.items).toMatchObject([
      { metadata: { name: `${NAME}-1` }, spec: { podCIDR: '10.244.0.0/24' } },
      {
        metadata: { name: `${NAME}-2` },
        spec: { podCIDR: '10.244.1.0/24' },
        status: { addresses: [{ address: '10.99.0.12' }, {}, {}] },
      },
    ]);
    expect((await targets('two'))[0]).toMatch(/^10\.244\.1\./);
    const { condition, services } = JSON.parse((await cluster('status -o json')).stdout);
    expect(condition).toBe('running');
    expect(services).toContainEqual({ name: 'node-2/kubelet', running: true });
    expect(services.filter((each: { running: boolean }) => !each.running)).toEqual([]);
  });

  it('keeps the number of its nodes', async () => {
    expect((await cluster('up --nodes 3')).stderr).toMatch(/^error: .* with --nodes 2 and not 3\n/);
  });

  it.each(PAIRS)(
    'carries packets from %s to %s: to pods, Services, load balancers and names',
    async (from, to) => {
      const ips = await eventually(
        () =>
          ok(
            `kubectl get service ${to} -o jsonpath='{.spec.clusterIPs[*]} {.status.loadBalancer.ingress[*].ip}'`,
          ),
        (text) => text.trim().split(' ').length >= 3,
      );
      const addresses = [
        ...(await targets(to)),
        ...ips
          .trim()
          .split(' ')
          .map((ip) => `${bracketed(ip)}:80`),
        `${to}.${namespace}.svc.cluster.local:80`,
        // The API server runs on the first node.
        'kubernetes.default.svc.cluster.local:443',
      ];
      expect(addresses.length).toBeGreaterThanOrEqual(7);

      expect(await eventually(() => reaches(from, addresses), all)).toEqual(addresses.map(() => true));
    },
  );

  it.each(PAIRS)('enforces policies about packets from %s to %s on both sides', async (from, to) => {
    const addresses = await targets(to);
    const open = { podSelector: { matchLabels: { app: from } } };
    const cases = [
      [policy(to, { policyTypes: ['Ingress'] }), none],
      [policy(to, { policyTypes: ['Ingress'], ingress: [{ from: [open] }] }), all],
      [
        policy(to, {
          policyTypes: ['Ingress'],
          ingress: [{ from: [{ podSelector: { matchLabels: { app: to } } }] }],
        }),
        none,
      ],
      [policy(from, { policyTypes: ['Egress'] }), none],
      [
        policy(from, {
          policyTypes: ['Egress'],
          egress: [{ to: [{ podSelector: { matchLabels: { app: to } } }] }],
        }),
        all,
      ],
    ] as const;
    for (const [object, passes] of cases) {
      await ok('kubectl delete networkpolicy --all');
      await apply(object);
      const answers = await eventually(() => reaches(from, addresses), passes, 10);
      expect({ object, answers, passes: passes(answers) }).toMatchObject({ passes: true });
    }
    await ok('kubectl delete networkpolicy --all');
    expect(await eventually(() => reaches(from, addresses), all, 10)).toEqual(addresses.map(() => true));
  });

  it.each(PAIRS)('gives logs, a port and metrics of a pod on either node (%s)', async (name) => {
    expect(await ok(`kubectl logs ${name}`)).toContain('listening on');
    const forward = spawn(
      fromRunner('KUBECTL'),
      ['--kubeconfig', join(home(), 'kubeconfig'), 'port-forward', `pod/${name}`, `:${PORT}`],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    try {
      const [line] = await new Promise<RegExpExecArray>((resolve) => {
        forward.stdout.on('data', (text: Buffer) => {
          const found = /127\.0\.0\.1:\d+/.exec(text.toString());
          if (found !== null) resolve(found);
        });
      });
      expect(await ok(`curl -s http://${line}`)).toContain(`I am ${name}`);
    } finally {
      forward.kill();
    }
    const top = await eventually(
      () => sh(`kubectl top pod ${name} --no-headers`),
      ({ code }) => code === 0,
      60,
    );
    expect(top.stdout).toMatch(new RegExp(`^${name} +\\d+m +\\d+Mi`));
  });

  it('puts each volume on the node of its pod', async () => {
    const list = JSON.parse(await ok('kubectl get pv -o json'));
    const places = list.items.map((each: { spec: { claimRef: { name: string }; nodeAffinity: unknown } }) => [
      each.spec.claimRef.name,
      JSON.stringify(each.spec.nodeAffinity).match(/pair-\d/)?.[0],
    ]);

    expect(new Map(places)).toEqual(
      new Map([
        ['one', `${NAME}-1`],
        ['two', `${NAME}-2`],
      ]),
    );
    expect((await ok(`ls ${home()}/node-2/var-lib/tenantry/volumes`)).trim().split('\n')).toHaveLength(1);
  });

  it('serves what was imported to a node that lacks it, and to nobody without a certificate', async () => {
    const socket = `${home()}/node-2/run/containerd.sock`;
    await ok(`ctr --address ${socket} --namespace k8s.io images rm --sync ${IMAGE}`);
    await apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'puller', namespace },
      spec: {
        terminationGracePeriodSeconds: 0,
        nodeSelector: { 'kubernetes.io/hostname': `${NAME}-2` },
        containers: [{ name: 'c', image: IMAGE, imagePullPolicy: 'Always', args: ['-text=pulled'] }],
      },
    });
    await ok('kubectl wait --for=condition=Ready pod/puller --timeout=60s');
    expect(await ok(`ctr --address ${socket} --namespace k8s.io images ls -q`)).toContain(IMAGE);

    const { init } = JSON.parse(await readFile(join(home(), 'state.json'), 'utf8'));
    const url = 'https://10.99.0.11:5000/v2/localhost/tenantry/http-echo/tags/list';
    const curl = `nsenter --target ${init.pid} --net curl -s --cacert ${home()}/etc/pki/ca.crt ${url}`;
    const pair = `--cert ${home()}/etc/pki/registry-client.crt --key ${home()}/etc/pki/registry-client.key`;
    expect(await ok(`${curl} ${pair}`)).toContain('"tags":["1.0.0"]');
    expect((await sh(curl)).code).not.toBe(0);
    // Nobody can put another image in its place.
    expect(
      await ok(
        `${curl.replace('tags/list', 'blobs/uploads/')} ${pair} -X POST -o /dev/null -w '%{http_code}'`,
      ),
    ).toBe('405');
  });

  it('never has two instances on one node where one of them asks for nodes of its own', async () => {
    const isPlaced = (name: string): Promise<string> =>
      ok(
        `kubectl get pod ${name} -o jsonpath='{.spec.nodeName}{.status.conditions[?(@.type=="PodScheduled")].reason}'`,
      );
    const placed = (name: string): Promise<string> => eventually(() => isPlaced(name), Boolean, 60);

    await apply(instancePod('a-first', 'a', { nodes: 'exclusive', nodeName: `${NAME}-1` }));
    expect(await placed('a-first')).toBe(`${NAME}-1`);
    await apply(instancePod('b-first', 'b', { nodes: 'exclusive' }));
    expect(await placed('b-first')).toBe(`${NAME}-2`);

    // One that asks for nodes of its own finds none, and one that does not ask is kept off, too.
    await apply(
      instancePod('c-first', 'c', { nodes: 'exclusive' }),
      // Its chart names a node, which would pass the scheduler by.
      instancePod('d-first', 'd', {}, { nodeName: `${NAME}-2` }),
    );
    expect(await placed('c-first')).toBe('Unschedulable');
    expect(await placed('d-first')).toBe('Unschedulable');
    await apply(instancePod('a-second', 'a', { nodes: 'exclusive' }));
    expect(await placed('a-second')).toBe(`${NAME}-1`);

    await ok('kubectl delete pod a-first a-second b-first c-first d-first');
  });

  it('starts a worker again that was killed, and its pods with it', async () => {
    const [pid] = (await ok(`pgrep -f '^/bin/bash ${home()}/node-2/etc/init'`)).split('\n');
    const restarts = async (): Promise<string> =>
      (
        await sh(
          `kubectl get pod two -o jsonpath='{.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].ready}'`,
        )
      ).stdout;
    expect(await restarts()).toBe('0 true');

    await ok(`kill -9 ${pid}`);

    expect(await eventually(restarts, (text) => text === '1 true', 60)).toBe('1 true');
    const addresses = async (): Promise<boolean> =>
      all(await reaches('one', await targets('two'))) && all(await reaches('two', await targets('one')));
    expect(await eventually(addresses, Boolean, 60)).toBe(true);
  });

  it('ends as a whole with its first process, and gives everything back', async () => {
    const { init } = JSON.parse(await readFile(join(home(), 'state.json'), 'utf8'));
    await ok(`kill -9 ${init.pid}`);
    const left = await eventually(
      async () => (await sh(`pgrep -f '${home()}/[n]ode-2|${NAME}[-]2' | wc -l`)).stdout.trim(),
      (text) => text === '0',
      5,
    );

    expect(left).toBe('0');
    expect((await cluster('status')).stdout).toContain(`cluster ${NAME}: broken`);
    expect((await cluster('down')).code).toBe(0);
    expect(await machineState(NAME, home())).toBe(before);
  });
});
