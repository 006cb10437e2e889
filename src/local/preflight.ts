import { readFile, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { planCgroups, type CgroupPlan } from './cgroup-plan.ts';
import { LocalError } from './local-error.ts';
import type { Snapshotter } from './node-config.ts';

/** What the machine offers a cluster. */
export interface Machine {
  readonly cgroups: CgroupPlan;
  readonly ipv6: boolean;
  readonly snapshotter: Snapshotter;
}

/** Images of the quickstart unpacked, etcd and logs take about 1.3 GB. */
const MIN_FREE_BYTES = 2 * 1024 ** 3;
/** `f_type` of an overlay file system (linux/magic.h): a container's root, most of the time. */
const OVERLAY_MAGIC = 0x794c7630;

/** Looks whether a cluster can live here. Throws LocalError with the remedy for the first thing that is missing. */
export async function inspectMachine(options: {
  readonly home: string;
  readonly uid: number;
  readonly platform: string;
  readonly cgroupLeaf: string;
}): Promise<Machine> {
  if (!options.platform.startsWith('linux'))
    throw new LocalError(
      `a local cluster needs Linux, this is ${options.platform}`,
      'Use an existing cluster (`--cluster existing`), or a Linux machine or container.',
    );
  requireRoot(options.uid);
  const [ownGroups, mountInfo] = await Promise.all([
    readFile('/proc/self/cgroup', 'utf8'),
    readFile('/proc/self/mountinfo', 'utf8'),
  ]);
  const cgroups = planCgroups(ownGroups, mountInfo, options.cgroupLeaf);
  const disk = await statfsOfNearest(options.home);
  const free = disk.bavail * disk.bsize;
  if (free < MIN_FREE_BYTES)
    throw new LocalError(
      `the disk that holds ${options.home} is full: ${Math.floor(free / 1024 ** 2)} MiB are free, 2048 MiB are needed`,
      'Free some space, or set XDG_DATA_HOME to a folder on another disk.',
    );
  const ipv6 = await readFile('/proc/net/if_inet6', 'utf8').then(
    () => true,
    () => false,
  );
  return { cgroups, ipv6, snapshotter: disk.type === OVERLAY_MAGIC ? 'native' : 'overlayfs' };
}

/** Making namespaces, mounts and interfaces is the administrator's right. */
export function requireRoot(uid: number): void {
  if (uid === 0) return;
  throw new LocalError(
    'a local cluster needs root',
    'Run it as root (sudo), or use an existing cluster with `--cluster existing`.',
  );
}

/** The disk on which a folder is or would be. */
async function statfsOfNearest(folder: string): Promise<{ bavail: number; bsize: number; type: number }> {
  return statfs(folder).catch(async (error: unknown) => {
    if (dirname(folder) === folder) throw error;
    return statfsOfNearest(dirname(folder));
  });
}
