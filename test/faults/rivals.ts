import type { CallFault } from './call-faults.ts';
import type { Process } from './simulated-cluster.ts';
import { endingOf, storedBefore, type Ending } from './run-story.ts';
import { breathe } from './simulation.ts';
import type { Scene, Story } from './story.ts';

/** What becomes of the writes that are under way when a leader loses touch with the server. */
export const LAST_WRITES = [
  /** They are carried out, and nobody hears of it. */
  'acted',
  /** The network keeps them until the next leader is through with the story, or as long as a server may work on them. */
  'late',
  /** The same, but until what users do next is through, too. */
  'later',
] as const;

export type LastWrites = (typeof LAST_WRITES)[number];

/**
 * A story in which the leader is cut off from the server at its n-th write (counted from the act on), another process takes
 * over, and what the first one had sent arrives when it does. Undefined if there are not so many writes.
 */
export async function loseLease(story: Story, n: number, last: LastWrites): Promise<Ending | undefined> {
  const scene = await story.open(await storedBefore(story));
  const { world } = scene;
  try {
    const { process, isCut } = await leaderUntil(scene, n, last);
    world.watchdog.events.clear();
    await scene.act();
    world.spawn({}, 'second');
    const tookMs = await world.until(story.name, scene.isDone);
    if (!isCut()) return undefined;
    if (last === 'later') await goOn(scene);
    for (const write of process.interceptor.held) await write.deliver();
    const isDone = last === 'later' ? scene.afterwards.isDone : scene.isDone;
    await world.until(`${story.name}, after the late writes`, isDone);
    return endingOf(world, story, process.interceptor, tookMs);
  } finally {
    await world.close();
  }
}

/** The story undisturbed and, for `later`, what follows it. */
export async function undisturbed(story: Story, last: LastWrites): Promise<Ending> {
  const scene = await story.open(await storedBefore(story));
  const { world } = scene;
  try {
    const process = world.spawn();
    await breathe(world);
    process.interceptor.arm();
    world.watchdog.events.clear();
    await scene.act();
    const tookMs = await world.until(story.name, scene.isDone);
    if (last === 'later') await goOn(scene);
    return endingOf(world, story, process.interceptor, tookMs);
  } finally {
    await world.close();
  }
}

/** Two processes at the same work from beginning to end, each sure that it is alone. */
export async function bothBelieve(story: Story): Promise<Ending> {
  const scene = await story.open(await storedBefore(story));
  const { world } = scene;
  try {
    const first = world.spawn();
    world.spawn();
    await breathe(world);
    world.watchdog.events.clear();
    await scene.act();
    const tookMs = await world.until(story.name, scene.isDone);
    return endingOf(world, story, first.interceptor, tookMs);
  } finally {
    await world.close();
  }
}

interface Cut {
  readonly process: Process;
  /** True once it is cut off. */
  readonly isCut: () => boolean;
}

/** A leader that is cut off at its n-th write. What it sends from then on is on its way as long as it believes that it leads. */
async function leaderUntil({ world }: Scene, n: number, last: LastWrites): Promise<Cut> {
  let writes = 0;
  const process = world.spawn(
    {
      call: ({ isWrite, path }): CallFault | undefined => {
        const isLost = writes >= n;
        if (!isWrite || path.includes('/leases/'))
          return isLost ? { kind: 'timeout', when: 'before' } : undefined;
        writes += 1;
        if (writes < n) return undefined;
        return last === 'acted' ? { kind: 'timeout', when: 'after' } : { kind: 'hold' };
      },
    },
    'first',
  );
  await breathe(world);
  process.interceptor.arm();
  return { process, isCut: () => writes >= n };
}

async function goOn({ world, afterwards }: Scene): Promise<void> {
  await afterwards.act();
  await world.until('what follows', afterwards.isDone);
}
