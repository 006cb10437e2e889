import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { planNetwork, planNodes, type NodePlan } from './network-plan.ts';
import { enterScript, initScript, serviceScript, type NodeInit } from './node-init.ts';

const network = planNetwork({ ipv6: true });
const [first, second] = planNodes(network, 'a', 2) as [NodePlan, NodePlan]; // As many as were asked for.
const init = (change: Partial<NodeInit> = {}): NodeInit => ({
  clusterHome: "/home/o'neil/cluster",
  home: "/home/o'neil/cluster",
  node: first,
  network,
  cgroups: {
    version: 1,
    groups: [
      { controllers: 'cpu,cpuacct', folder: '/sys/fs/cgroup/cpu,cpuacct/tenantry-a' },
      { controllers: 'name=systemd', folder: '/sys/fs/cgroup/systemd/tenantry-a' },
    ],
  },
  ...change,
});
const v2: Partial<NodeInit> = {
  cgroups: { version: 2, groups: [{ controllers: '', folder: '/sys/fs/cgroup/tenantry-a' }] },
};

const worker: Partial<NodeInit> = { node: second, home: "/home/o'neil/cluster/node-2" };

/** What bash says about a script's grammar; '' when it is fine. */
const complaint = (script: string): string =>
  spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' }).stderr;

describe('the node’s scripts', () => {
  it.each([
    ['version 1', {}],
    ['version 2', v2],
    ['no IPv6', { network: planNetwork({ ipv6: false }) }],
    ['a second node', worker],
    ['a second node and version 2', { ...v2, ...worker }],
  ])('are good bash with %s, whatever the home is called', (_what, change) => {
    expect(complaint(initScript(init(change)))).toBe('');
    expect(complaint(enterScript(init(change)))).toBe('');
  });

  it('enter every cgroup before the namespaces are made', () => {
    const lines = enterScript(init()).trim().split('\n');

    expect(lines.slice(2, 4)).toEqual([
      'echo $$ >/sys/fs/cgroup/cpu,cpuacct/tenantry-a/cgroup.procs',
      'echo $$ >/sys/fs/cgroup/systemd/tenantry-a/cgroup.procs',
    ]);
    expect(lines.at(-1)).toMatch(/^exec unshare .*--cgroup .*--pid .*--kill-child .*propagation private/);
  });

  it('have the runtime’s socket where the kubelet looks for network figures', () => {
    expect(initScript(init())).toMatch(
      /\nmkdir \/run\/containerd\nln -s \S+\/run\/containerd\.sock \/run\/containerd\/containerd\.sock\n/,
    );
  });

  it('mount version 1 hierarchies as the machine groups them', () => {
    const script = initScript(init());

    expect(script).toContain('mount -t cgroup -o cpu,cpuacct cgroup /sys/fs/cgroup/cpu,cpuacct\n');
    expect(script).toContain('ln -s cpu,cpuacct /sys/fs/cgroup/cpuacct\n');
    expect(script).toContain('mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd\n');
  });

  it('put a second node into groups of its own below the first one’s', () => {
    const script = enterScript(init(worker));

    expect(script).toContain('mkdir /sys/fs/cgroup/systemd/node-2\n');
    expect(script).toMatch(
      /echo \$\$ >\/sys\/fs\/cgroup\/cpu,cpuacct\/node-2\/cgroup.procs\n(.*\n)*exec unshare/,
    );
    expect(enterScript(init({ ...v2, ...worker }))).toContain(
      'echo $$ >/sys/fs/cgroup/node-2/cgroup.procs\n',
    );
  });

  it('join nodes by routes to their addresses and to their pods, both ways and in both families', () => {
    const script = initScript(init(worker));
    const outer = script.match(/^nsenter .* route add .*$/gm)?.map((line) => line.replace(/^.* add /, ''));

    expect(outer).toEqual([
      '10.89.0.12 dev node-2 src 10.89.0.11',
      '10.244.1.0/24 via 10.89.0.12 dev node-2 src 10.89.0.11',
      'fd0a:5900:89::c dev node-2 src fd0a:5900:89::b',
      'fd0a:5900:244:1::/64 via fd0a:5900:89::c dev node-2 src fd0a:5900:89::b',
    ]);
    expect(script).toContain('\nip -4 route add 10.244.0.0/16 via 10.89.0.11\n');
    expect(script).toContain('\nip -6 route add fd0a:5900:244::/56 via fd0a:5900:89::b\n');
  });

  it('leave IPv6 alone where there is none', () => {
    const v4 = planNetwork({ ipv6: false });
    for (const node of planNodes(v4, 'a', 2))
      expect(initScript(init({ network: v4, node }))).not.toMatch(/ip -6|ipv6/);
  });

  it('never write a setting of the whole machine', () => {
    const writes = [...initScript(init()).matchAll(/>\s*(\/proc\/sys\/[^\s;]+)/g)].map(([, path]) => path);

    expect(writes).toEqual(['/proc/sys/net/$1']);
  });

  it('quote what a service is started with', () => {
    const script = serviceScript(['printf', '%s|', "it's", '$HOME', 'a b']);

    expect(spawnSync('sh', [], { input: script, encoding: 'utf8' }).stdout).toBe("it's|$HOME|a b|");
  });
});
