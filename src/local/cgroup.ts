import { mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import type { CgroupPlan, ClusterCgroup } from './cgroup-plan.ts';
import { LocalError } from './local-error.ts';
import { sendSignal } from './process-id.ts';
import { codeOf } from '../lib/error-text.ts';

/** Killed processes leave their groups within milliseconds, unless a disk or the kernel is busy. */
const EMPTY_WITHIN_MS = 15_000;
const LOOK_MS = 50;

/**
 * Share of the processors, as many times what one process gets: the kernel weighs a group like a process, and a cluster beside
 * twenty busy programs would get a twentieth of the machine, too little to renew its own leases in time.
 */
const WEIGHS_AS = 16;
/** What one process counts: in `cpu.shares` (version 1), in `cpu.weight` (version 2). */
const ONE_SHARE = 1024;
const ONE_WEIGHT = 100;

/** Makes the groups, ready to take processes. */
export async function createCgroups(plan: CgroupPlan): Promise<void> {
  for (const group of plan.groups) {
    try {
      await mkdir(group.folder, { recursive: true });
      const controllers = group.controllers.split(',');
      if (controllers.includes('cpuset')) await inheritCpuset(group.folder);
      if (controllers.includes('cpu'))
        await writeFile(join(group.folder, 'cpu.shares'), String(WEIGHS_AS * ONE_SHARE));
      // Not there where the machine gives groups no processor shares: then there is nothing to weigh.
      if (plan.version === 2)
        await writeFile(join(group.folder, 'cpu.weight'), String(WEIGHS_AS * ONE_WEIGHT), {
          flag: 'r+',
        }).catch(() => undefined);
    } catch (error) {
      throw new LocalError(
        `the cgroup ${group.folder} could not be made (${codeOf(error) ?? String(error)})`,
        'Run it as root on a machine, or in a container, whose /sys/fs/cgroup may be written.',
        { cause: error },
      );
    }
  }
}

/** A new cpuset has no processors and no memory: nothing can run in it until it gets its parent's. */
async function inheritCpuset(folder: string): Promise<void> {
  for (const name of ['cpuset.cpus', 'cpuset.mems']) {
    const own = await readFile(join(folder, name), 'utf8');
    if (own.trim() === '')
      await writeFile(join(folder, name), await readFile(join(dirname(folder), name), 'utf8'));
  }
}

/** Numbers of all processes in the groups and all groups below them, as this machine counts. */
export async function cgroupProcesses(folders: readonly string[]): Promise<Set<number>> {
  const pids = new Set<number>();
  for (const folder of folders)
    for (const group of await groupsBelow(folder)) {
      const text = await readFile(join(group, 'cgroup.procs'), 'utf8').catch(() => '');
      for (const line of text.split('\n')) if (Number(line) > 0) pids.add(Number(line));
    }
  return pids;
}

/**
 * Ends whatever still runs in the groups and removes them. This finds the processes of a half-started or half-killed
 * cluster as well: what was started in a group stays in it, whoever its parent is.
 */
export async function emptyAndRemove(groups: readonly ClusterCgroup[], clock: Clock): Promise<void> {
  const folders = groups.map((group) => group.folder);
  const deadline = clock.monotonic() + EMPTY_WITHIN_MS;
  for (;;) {
    const pids = await cgroupProcesses(folders);
    pids.delete(process.pid);
    if (pids.size === 0 && (await removeAll(folders))) return;
    for (const pid of pids) sendSignal(pid, 'SIGKILL');
    if (clock.monotonic() > deadline)
      throw new LocalError(
        `processes do not end: ${[...pids].join(', ') || `something in ${folders.join(' ')}`}`,
        'They hang in the kernel, most likely on a disk. Run `tenantry cluster down` again; if that does not help, restart the machine.',
      );
    await clock.sleep(LOOK_MS);
  }
}

/** Whether all are gone. Only a group without groups and processes can be removed, so the deepest go first. */
async function removeAll(folders: readonly string[]): Promise<boolean> {
  let gone = true;
  for (const folder of folders)
    for (const group of (await groupsBelow(folder)).reverse())
      await rmdir(group).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') gone = false;
      });
  return gone;
}

/** The group and all below it, parents before children; empty when it is not there. */
async function groupsBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [];
  const children = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => groupsBelow(join(folder, entry.name)));
  return [folder, ...(await Promise.all(children)).flat()];
}
