import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { planNetwork } from './network-plan.ts';
import { enterScript, initScript, serviceScript, type NodeInit } from './node-init.ts';

const init = (change: Partial<NodeInit> = {}): NodeInit => ({
  home: "/home/o'neil/cluster",
  nodeName: 'a-1',
  network: planNetwork({ ipv6: true }),
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

/** What bash says about a script's grammar; '' when it is fine. */
const complaint = (script: string): string =>
  spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' }).stderr;

describe('the node’s scripts', () => {
  it.each([
    ['version 1', {}],
    ['version 2', v2],
    ['no IPv6', { network: planNetwork({ ipv6: false }) }],
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

  it('mount version 1 hierarchies as the machine groups them', () => {
    const script = initScript(init());

    expect(script).toContain('mount -t cgroup -o cpu,cpuacct cgroup /sys/fs/cgroup/cpu,cpuacct\n');
    expect(script).toContain('ln -s cpu,cpuacct /sys/fs/cgroup/cpuacct\n');
    expect(script).toContain('mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd\n');
  });

  it('leave IPv6 alone where there is none', () => {
    expect(initScript(init({ network: planNetwork({ ipv6: false }) }))).not.toMatch(/ip -6|ipv6/);
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
