import { describe, expect, it } from 'vitest';
import { planCgroups } from './cgroup-plan.ts';

const mount = (controllers: string, root = '/', type = 'cgroup'): string =>
  `30 25 0:26 ${root} /sys/fs/cgroup/${controllers} rw,relatime shared:9 - ${type} cgroup rw,${controllers}`;
const V1_MOUNTS = ['cpu,cpuacct', 'memory', 'pids', 'name=systemd'].map((each) => mount(each)).join('\n');
const V2_MOUNT = '30 25 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate';

describe('planCgroups', () => {
  it('takes a group below our own in each version 1 hierarchy', () => {
    const own = '4:pids:/\n3:memory:/user/7\n2:cpu,cpuacct:/\n1:name=systemd:/x\n0::/';

    expect(planCgroups(own, V1_MOUNTS, 'tenantry-a')).toEqual({
      version: 1,
      groups: [
        { controllers: 'pids', folder: '/sys/fs/cgroup/pids/tenantry-a' },
        { controllers: 'memory', folder: '/sys/fs/cgroup/memory/user/7/tenantry-a' },
        { controllers: 'cpu,cpuacct', folder: '/sys/fs/cgroup/cpu,cpuacct/tenantry-a' },
        { controllers: 'name=systemd', folder: '/sys/fs/cgroup/name=systemd/x/tenantry-a' },
      ],
    });
  });

  it('follows a container that sees its own group as the root of the mount', () => {
    const mounts = ['cpu', 'memory', 'pids'].map((each) => mount(each, '/docker/1')).join('\n');

    const plan = planCgroups('3:cpu:/docker/1\n2:memory:/docker/1/in\n1:pids:/docker/1', mounts, 't');

    expect(plan.groups.map((group) => group.folder)).toEqual([
      '/sys/fs/cgroup/cpu/t',
      '/sys/fs/cgroup/memory/in/t',
      '/sys/fs/cgroup/pids/t',
    ]);
  });

  it('takes one group at the top of version 2', () => {
    expect(planCgroups('0::/user.slice/session-1.scope', V2_MOUNT, 't')).toEqual({
      version: 2,
      groups: [{ controllers: '', folder: '/sys/fs/cgroup/t' }],
    });
  });

  it('prefers version 1 where both are mounted and it has the controllers', () => {
    const own = '3:cpu,cpuacct:/\n2:memory:/\n1:pids:/\n0::/';

    expect(planCgroups(own, `${V2_MOUNT}\n${V1_MOUNTS}`, 't').version).toBe(1);
  });

  it.each([
    ['nothing is mounted', '0::/', ''],
    ['the memory controller is missing', '2:cpu,cpuacct:/\n1:pids:/', V1_MOUNTS],
  ])('says what to do when %s', (_why, own, mounts) => {
    expect(() => planCgroups(own, mounts, 't')).toThrow(/not mounted: .*memory/);
  });
});
