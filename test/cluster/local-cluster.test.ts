import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEWEST_RELEASE } from '../../src/local/kubernetes-release.ts';
import { machineState } from './machine-state.ts';
import { REPOSITORY, shell, type Ended } from './programs.ts';

/**
 * A second cluster beside the one that the other tests use: brought up, hurt, taken down. Each time the machine must be as
 * it was before.
 */
const NAME = 'spare';
/** The Kubernetes under test: the newest, unless the runner tries an older one. */
const KUBERNETES = process.env['TENANTRY_KUBERNETES'] ?? NEWEST_RELEASE.version;
const PROGRAM = join(REPOSITORY, 'dist/tenantry.mjs');

let dataHome = '';
let before = '';

const env = (): Record<string, string> => ({
  XDG_DATA_HOME: dataHome,
  XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  KUBECONFIG: join(dataHome, 'tenantry/clusters', NAME, 'kubeconfig'),
});
const home = (): string => join(dataHome, 'tenantry/clusters', NAME);
const cluster = (words: string): Promise<Ended> =>
  shell(`tenantry cluster ${words} --name ${NAME}`, { env: env() });
const up = (): Promise<Ended> => cluster(`up --subnet 10.98.0.0/24 --kubernetes-version ${KUBERNETES}`);

const machine = (): Promise<string> => machineState(NAME, home());

const state = async (): Promise<{ init: { pid: number }; holder: { pid: number }; apiPort: number }> =>
  JSON.parse(await readFile(join(home(), 'state.json'), 'utf8'));

/** Asks again and again until a command ends well; answers its output. */
async function eventually(line: string, seconds: number): Promise<string> {
  for (let left = seconds * 4; ; left -= 1) {
    const result = await shell(line, { env: env() });
    if (result.code === 0) return result.stdout;
    if (left <= 0) throw new Error(`${line}: ${result.stderr}`);
    await pause(250);
  }
}

describe('the local cluster', () => {
  beforeAll(async () => {
    dataHome = await mkdtemp(join(tmpdir(), 'tc-'));
    before = await machine();
  });
  afterAll(async () => {
    await cluster('down');
    await rm(dataHome, { recursive: true, force: true });
  });

  it('comes up, and kubectl works from an ordinary shell', async () => {
    const result = await up();

    expect(result.stderr).toBe('');
    expect(result.stdout).toContain(`export KUBECONFIG=${home()}/kubeconfig`);
    const nodes = await shell('kubectl get nodes -o json', { env: env() });
    expect(JSON.parse(nodes.stdout).items).toMatchObject([
      {
        metadata: { name: `${NAME}-1` },
        status: {
          nodeInfo: { kubeletVersion: `v${KUBERNETES}` },
          addresses: [{ address: '10.98.0.11' }, {}, {}],
        },
      },
    ]);
  });

  it('gives pods an address of both families, and answers names and metrics', async () => {
    await eventually('kubectl -n kube-system rollout status deployment/coredns --timeout=1s', 30);
    const pods = await shell(
      `kubectl -n kube-system get pod -l k8s-app=kube-dns -o jsonpath='{.items[0].status.podIPs[*].ip}'`,
      { env: env() },
    );
    expect(pods.stdout).toMatch(/^10\.244\.0\.\d+ fd0a:6200:244::/);

    expect(await eventually('kubectl top nodes --no-headers', 60)).toMatch(new RegExp(`^${NAME}-1 +\\d+m`));
  });

  it('opens a port that leads to a Service', async () => {
    const opened = await cluster('forward --keep 10.96.0.1:443');
    const again = await cluster('forward --keep 10.96.0.1:443');

    expect(again.stdout).toBe(opened.stdout);
    const answer = await shell(`curl -sk ${opened.stdout.trim().replace('http:', 'https:')}/version`);
    expect(JSON.parse(answer.stdout)).toMatchObject({ gitVersion: `v${KUBERNETES}` });
  });

  it('starts a killed API server again by itself', async () => {
    const { init } = await state();
    const [pid] = (
      await shell(`nsenter --target ${init.pid} --pid --mount pgrep -x kube-apiserver`)
    ).stdout.split('\n');

    await shell(`nsenter --target ${init.pid} --pid --mount kill -9 ${pid}`);

    await eventually('kubectl get --raw /readyz', 30);
    expect((await cluster('status')).stdout).toContain(`cluster ${NAME}: running`);
  });

  it('does nothing when it is up', async () => {
    const created = await state();

    expect((await up()).code).toBe(0);

    expect(await state()).toEqual(created);
  });

  it('says that a running cluster keeps its addresses', async () => {
    const result = await cluster('up --subnet 10.97.0.0/24');

    expect(result.stderr).toMatch(
      /^error: cluster spare is up already, with --subnet 10.98.0.0\/24 and not 10.97/,
    );
  });

  it('shows which of its programs do not run', async () => {
    const services = async (): Promise<{ name: string; running: boolean }[]> =>
      JSON.parse((await cluster('status --output json')).stdout).services;
    expect((await services()).filter((each) => !each.running)).toEqual([]);
    const { init } = await state();
    const inside = `nsenter --target ${init.pid} --pid --mount`;
    const scheduler = (await shell(`${inside} pgrep -x kube-scheduler`)).stdout.trim();

    await shell(
      `${inside} kill -STOP $(${inside} ps -o ppid= -p ${scheduler}); ${inside} kill -9 ${scheduler}`,
    );

    expect((await services()).filter((each) => !each.running).map((each) => each.name)).toEqual([
      'kube-scheduler',
    ]);
  });

  it('comes up anew after its first process was killed', async () => {
    const former = await state();
    await shell(`kill -9 ${former.init.pid}`);

    expect((await up()).stderr).toBe('');

    expect((await state()).init).not.toEqual(former.init);
    await eventually('kubectl get nodes', 5);
  });

  it('gives everything back', async () => {
    const { apiPort } = await state();

    expect((await cluster('down')).code).toBe(0);

    expect(await machine()).toBe(before);
    const server = createServer().listen(apiPort, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    expect((await cluster('down')).code).toBe(0);
  });

  it.each(['state.json', 'run/ready', 'run/containerd.sock'])(
    'gives everything back when it was killed once there was %s',
    async (file) => {
      const child = spawn(process.execPath, [PROGRAM, 'cluster', 'up', '--name', NAME], {
        env: { ...process.env, ...env() },
        stdio: 'ignore',
      });
      const ended = once(child, 'exit');
      const isThere = (): Promise<boolean> =>
        stat(join(home(), file)).then(
          () => true,
          () => false,
        );
      while (!(await isThere()) && child.exitCode === null) await pause(5);
      child.kill('SIGKILL');
      await ended;

      const result = await cluster('down');

      expect(result.stderr).toBe('');
      expect(await machine()).toBe(before);
    },
  );

  it.each([
    ['is no name', 'up --name A', /^error: --name is "A", which is no name of a cluster\n {2}\S/],
    [
      'meets another subnet',
      'up --subnet 10.96.3.0/24',
      /^error: the subnet 10.96.3.0\/24 .* is in use by .*\n {2}\S/,
    ],
    ['is no subnet', 'up --subnet 10.0.0.0/8', /^error: --subnet is "10.0.0.0\/8".*\n {2}\S/],
    [
      'is not running',
      'kubeconfig',
      /^error: there is no running cluster called spare\n {2}.*cluster up --name spare/,
    ],
    ['is no address', 'forward nowhere:80', /^error: "nowhere:80" is not an address/],
  ])('says in two lines what %s', async (_what, words, told) => {
    const result = await shell(
      `tenantry cluster ${words.includes('--name') ? words : `${words} --name ${NAME}`}`,
      {
        env: env(),
      },
    );

    expect(result.stderr).toMatch(told);
    expect(result.code).not.toBe(0);
    expect(result.stderr.trim().split('\n')).toHaveLength(2);
  });

  it('names a port that is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;

    const result = await cluster(`up --port ${port}`);
    server.close();
    await cluster('down');

    expect(result.stderr).toMatch(new RegExp(`^error: port ${port} of 127.0.0.1 is in use\n  .*--port`));
  });

  it.each([
    [
      'the user is not root',
      'setpriv --reuid=65534 --regid=65534 --clear-groups "$NODE" "$PROGRAM" cluster up',
      /a local cluster needs root\n {2}.*sudo/,
    ],
    [
      'the disk is full',
      'mount -t tmpfs -o size=64m tmpfs "$XDG_DATA_HOME" && "$NODE" "$PROGRAM" cluster up',
      /the disk that holds .* is full: 6\d MiB are free, 2048 MiB are needed\n {2}Free some space/,
    ],
    [
      'cgroups are not mounted',
      'umount --recursive --lazy /sys/fs/cgroup && "$NODE" "$PROGRAM" cluster up',
      /cgroups are not mounted.*\n {2}Mount them/,
    ],
  ])('says what to do when %s', async (_what, line, told) => {
    const result = await shell(`unshare --mount --propagation private bash -c '${line}'`, {
      env: { ...env(), NODE: process.execPath, PROGRAM },
    });

    expect(result.stderr).toMatch(told);
    expect(result.code).toBe(1);
  });
});
