import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { planCgroups, type CgroupPlan } from './cgroup-plan.ts';
import { emptyAndRemove } from './cgroup.ts';
import { pathsOf, type ClusterOptions } from './cluster-options.ts';
import type { ClusterPaths } from './cluster-paths.ts';
import { readState, type ClusterState } from './cluster-state.ts';
import { LocalError } from './local-error.ts';
import { withLock } from './lock.ts';
import { requireRoot } from './preflight.ts';
import { killHard } from './process-id.ts';
import { readForwards } from './forwards.ts';

/** The name of a cluster's groups. */
export function cgroupLeaf(name: string): string {
  return `tenantry-${name}`;
}

/**
 * Ends a cluster and gives everything back. Works on whatever is left of one: running, half-started, killed in the middle,
 * or nothing. Answers whether there was anything.
 */
export async function downCluster(options: ClusterOptions): Promise<{ readonly existed: boolean }> {
  requireRoot(options.uid);
  const paths = pathsOf(options);
  return withLock(paths.lock, { clock: options.clock, signal: options.signal }, async () => {
    const existed = (await readdir(paths.home).catch(() => [])).length > 0;
    await options.progress.step(`taking cluster ${options.name} down`, async (note) => {
      if (!existed) note('there was none');
      await clearAway(paths, options);
    });
    return { existed };
  });
}

/** The same for callers that hold the cluster's lock. */
export async function clearAway(paths: ClusterPaths, options: ClusterOptions): Promise<void> {
  // A damaged record is no obstacle: groups and folder are known without it.
  const state = await readState(paths).catch(() => undefined);
  for (const forward of await readForwards(paths)) await killHard(forward.process);
  if (state?.init !== undefined) await killHard(state.init);
  if (state?.holder !== undefined) await killHard(state.holder);
  await emptyAndRemove(await groupsOf(state, options.name), options.clock);
  await refuseMounts(paths.home);
  // Background writers are dead; a retry is for a file system that answers late.
  await rm(paths.home, { recursive: true, force: true, maxRetries: 3 });
}

async function groupsOf(state: ClusterState | undefined, name: string): Promise<CgroupPlan['groups']> {
  const [own, mounts] = await Promise.all([
    readFile('/proc/self/cgroup', 'utf8'),
    readFile('/proc/self/mountinfo', 'utf8'),
  ]);
  const planned = await Promise.resolve()
    .then(() => planCgroups(own, mounts, cgroupLeaf(name)).groups)
    .catch(() => []);
  const recorded = state?.cgroups.groups ?? [];
  return [...recorded, ...planned.filter(({ folder }) => recorded.every((group) => group.folder !== folder))];
}

/** The node's mounts are its own. Should one show on the machine's side, deleting through it would hit something else. */
async function refuseMounts(home: string): Promise<void> {
  const text = await readFile('/proc/self/mountinfo', 'utf8');
  const inside = text
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(join(home, '/')));
  if (inside.length === 0) return;
  throw new LocalError(
    `something is mounted in ${home}: ${inside.join(', ')}`,
    `Unmount it (umount ${inside.join(' ')}) and run \`tenantry cluster down\` again.`,
  );
}
