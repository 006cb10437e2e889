import type { SimulatedCluster, StoredObjects } from './simulated-cluster.ts';

/** Something that users do, from a cluster at rest to a cluster at rest. */
export interface Plot<TWorld> {
  readonly name: string;
  readonly prepare: (world: TWorld) => Promise<void>;
  readonly act: (world: TWorld) => Promise<void>;
  readonly isDone: (world: TWorld) => boolean;
  /** What users do next: a change of everything that the story is about. */
  readonly afterwards: {
    readonly act: (world: TWorld) => Promise<void>;
    readonly isDone: (world: TWorld) => boolean;
  };
  /** Namespaces that the operator may write to, beside its own. */
  readonly namespaces: readonly string[];
}

/** A plot on the world that it was written for. */
export interface Scene {
  readonly world: SimulatedCluster;
  readonly prepare: () => Promise<void>;
  readonly act: () => Promise<void>;
  readonly isDone: () => boolean;
  readonly afterwards: { readonly act: () => Promise<void>; readonly isDone: () => boolean };
}

/** A plot with everything that it takes to run it, whatever world it plays in. */
export interface Story {
  readonly name: string;
  /** The process that the story happens to did the preparation itself, or has just been started and knows nothing. */
  readonly start: 'warm' | 'cold';
  readonly namespaces: readonly string[];
  /** A new world, with what `stored` says or as it is before the preparation. */
  open(stored?: StoredObjects): Promise<Scene>;
}

/** A story made of a plot. */
export function storyOf<TWorld extends SimulatedCluster>(
  plot: Plot<TWorld>,
  start: Story['start'],
  open: (stored: StoredObjects | undefined) => Promise<TWorld>,
): Story {
  const { name, namespaces } = plot;
  return {
    name,
    start,
    namespaces,
    open: async (stored) => {
      const world = await open(stored);
      return {
        world,
        prepare: () => plot.prepare(world),
        act: () => plot.act(world),
        isDone: () => plot.isDone(world),
        afterwards: {
          act: () => plot.afterwards.act(world),
          isDone: () => plot.afterwards.isDone(world),
        },
      };
    },
  };
}
