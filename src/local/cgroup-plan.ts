import { join } from 'node:path';
import { LocalError } from './local-error.ts';

/** One cgroup hierarchy of the machine, and the group in it that will hold all of a cluster's processes. */
export interface ClusterCgroup {
  /** Controllers as they are mounted together (`cpu,cpuacct`), `name=systemd`, or '' for version 2. */
  readonly controllers: string;
  /** The group, as a folder of the machine. */
  readonly folder: string;
}

/** A cluster's groups: one in each version 1 hierarchy, or a single one of version 2. */
export interface CgroupPlan {
  readonly version: 1 | 2;
  readonly groups: readonly ClusterCgroup[];
}

/** Without these a kubelet cannot account for pods. */
const NEEDED = ['cpu', 'memory', 'pids'];

/** A line of `/proc/self/mountinfo`, as far as cgroups need it. */
interface CgroupMount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/**
 * Plans the groups of a cluster from the texts of `/proc/self/cgroup` and `/proc/self/mountinfo`.
 * Version 1: below the group we are in ourselves, so that limits on us hold for the cluster too. Version 2: at the top of
 * what is mounted, since controllers reach only groups whose parents hold no processes. Throws LocalError when cgroups are not mounted.
 */
export function planCgroups(ownGroups: string, mountInfo: string, leaf: string): CgroupPlan {
  const mounts = mountInfo.split('\n').flatMap(parseMount);
  const groups = ownGroups.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined || controllers === '') return [];
    const wanted = controllers.split(',');
    const mount = mounts.find(
      ({ type, options }) => type === 'cgroup' && wanted.every((each) => options.includes(each)),
    );
    return mount === undefined
      ? []
      : [{ controllers, folder: join(mount.point, below(mount.root, path), leaf) }];
  });
  const controllers = new Set(groups.flatMap((group) => group.controllers.split(',')));
  if (NEEDED.every((each) => controllers.has(each))) return { version: 1, groups };
  const unified = mounts.find(({ type }) => type === 'cgroup2');
  if (groups.length <= 1 && unified !== undefined)
    return { version: 2, groups: [{ controllers: '', folder: join(unified.point, leaf) }] };
  throw new LocalError(
    `cgroups are not mounted: ${NEEDED.filter((each) => !controllers.has(each)).join(', ')} missing in /proc/self/mountinfo`,
    'Mount them (as root: mount -t cgroup2 none /sys/fs/cgroup), or, in a container, start it with its own cgroups writable (docker run --privileged --cgroupns=private).',
  );
}

/** Where the node mounts one of its groups: hierarchies lie as the machine groups them. */
export function inCgroupMount({ version }: CgroupPlan, { controllers }: ClusterCgroup): string {
  if (version === 2) return '/sys/fs/cgroup';
  const isNamed = controllers.startsWith('name=');
  return `/sys/fs/cgroup/${isNamed ? controllers.slice('name='.length) : controllers}`;
}

function parseMount(line: string): CgroupMount[] {
  const [front, back] = line.split(' - ');
  const [, , , root, point] = front?.split(' ') ?? [];
  const [type, , options] = back?.split(' ') ?? [];
  if (root === undefined || point === undefined || type === undefined || !type.startsWith('cgroup'))
    return [];
  return [{ root, point, type, options: options?.split(',') ?? [] }];
}

/** A group's path relative to what is mounted: a container may see a mount whose root is its own group. */
function below(root: string, path: string): string {
  if (root === '/') return path;
  return path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : '/';
}
