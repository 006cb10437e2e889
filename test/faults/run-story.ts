import { OPERATOR } from '../component/instance-rig.ts';
import type { Call, FaultScript, Interceptor } from './interceptor.ts';
import { differences, pictureOf } from './picture.ts';
import type { SimulatedCluster, StoredObjects } from './simulated-cluster.ts';
import { breathe } from './simulation.ts';
import type { Story } from './story.ts';

/** How one run of a story ended. */
export interface Ending {
  readonly picture: Readonly<Record<string, string>>;
  readonly events: ReadonlyMap<string, number>;
  /** Calls and events of the process from the act on. */
  readonly calls: readonly Call[];
  readonly watched: number;
  /** Faults that happened. */
  readonly happened: readonly string[];
  /** Milliseconds on the story's clock. */
  readonly tookMs: number;
  readonly violations: readonly string[];
  /** Most instances that were upgraded at the same time. */
  readonly mostUpgrades: number;
}

/** What stands when a story's preparation is through, by the story's name. */
const prepared = new Map<string, Promise<StoredObjects>>();

/** What stands before the act of a story. */
export function storedBefore(story: Story): Promise<StoredObjects> {
  const known = prepared.get(story.name) ?? prepare(story);
  prepared.set(story.name, known);
  return known;
}

async function prepare(story: Story): Promise<StoredObjects> {
  const { world, prepare: prepareIt } = await story.open();
  world.spawn();
  await prepareIt();
  const stored = world.store.all();
  await world.close();
  return stored;
}

/** Runs a story; a process that is killed is followed by one that nothing happens to. */
export async function runStory(story: Story, script: FaultScript = {}): Promise<Ending> {
  const scene = await story.open(story.start === 'cold' ? await storedBefore(story) : undefined);
  const { world } = scene;
  try {
    const first = world.spawn(script);
    if (story.start === 'cold') await breathe(world);
    else await scene.prepare();
    first.interceptor.arm();
    world.watchdog.events.clear();
    await scene.act();
    let died = false;
    const tookMs = await world.until(story.name, () => {
      if (first.interceptor.dead && !died) {
        died = true;
        void first.end().then(() => world.spawn());
      }
      return scene.isDone();
    });
    return endingOf(world, story, first.interceptor, tookMs);
  } finally {
    await world.close();
  }
}

/** How a story has ended by now, for the process that things happened to. */
export function endingOf(
  { store, watchdog }: SimulatedCluster,
  story: Story,
  interceptor: Interceptor,
  tookMs: number,
): Ending {
  const outside = watchdog.writesOutside(new Set(['', OPERATOR, ...story.namespaces]));
  return {
    picture: pictureOf(store),
    events: new Map(watchdog.events),
    calls: interceptor.calls,
    watched: interceptor.events.length,
    happened: interceptor.happened,
    tookMs,
    mostUpgrades: watchdog.mostUpgrades,
    violations: [...watchdog.violations, ...outside],
  };
}

/** What is not as in the undisturbed run; empty if all is well. */
export function problemsOf(calm: Ending, ending: Ending): string[] {
  const repeated = [...ending.events].filter(
    ([said, times]) => times > (calm.events.get(said) ?? 1) + ending.happened.length,
  );
  return [
    ...differences(calm.picture, ending.picture),
    ...beyond(ending.violations, calm.violations),
    ...repeated.map(([said, times]) => `the event was told ${times} times: ${said}`),
  ];
}

/** What is in a list more often than in the other one: where a story makes something anew, that is none of our business. */
function beyond(found: readonly string[], calm: readonly string[]): readonly string[] {
  const left = [...calm];
  return found.filter((text) => {
    const at = left.indexOf(text);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
