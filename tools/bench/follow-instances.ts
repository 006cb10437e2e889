import type { Instance } from '../../src/api/instance.ts';
import type { Client } from '../../src/client/client.ts';
import { watchObjects } from '../../src/client/watcher.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import type { Kind } from '../../src/kube/kind.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { NS } from './bench-cluster.ts';
import { pause } from './wait-for.ts';

/** What is known of one instance from the watch; times are monotonic milliseconds. */
export interface Followed {
  readonly appliedAt: number | undefined;
  readonly version: string | undefined;
}

/** A view of all instances of a kind, kept by one watch. */
export interface Following {
  readonly seen: ReadonlyMap<string, Followed>;
  /** Resolves when `isDone`, asked after every change, says so; fails with what was waited for. */
  until(what: string, withinMs: number, isDone: () => boolean): Promise<void>;
  stop(): void;
}

/** Follows instances in the operator's namespace; resolves once the present ones are known. */
export async function followInstances(client: Client, kind: Kind<Instance>): Promise<Following> {
  const seen = new Map<string, Followed>();
  const abort = new AbortController();
  const askers = new Set<() => void>();
  const first = new Promise<void>((resolve) => {
    void (async () => {
      const options = { namespace: NS, clock: systemClock, signal: abort.signal };
      for await (const event of watchObjects(client, kind, options)) {
        if (event.type === 'delete') seen.delete(event.object.metadata.name);
        if (event.type === 'apply' || event.type === 'init-item') take(seen, event.object);
        if (event.type === 'init-done') resolve();
        for (const ask of askers) ask();
      }
    })();
  });
  await first;
  return {
    seen,
    until: (what, withinMs, isDone) => untilDone({ askers, what, withinMs, isDone }),
    stop: () => abort.abort(),
  };
}

function take(seen: Map<string, Followed>, { metadata, status }: Instance): void {
  const applied = findCondition(status?.conditions, 'Applied');
  const isApplied = applied?.status === 'True' && applied.observedGeneration === metadata.generation;
  const before = seen.get(metadata.name)?.appliedAt;
  seen.set(metadata.name, {
    appliedAt: isApplied ? (before ?? systemClock.monotonic()) : undefined,
    version: status?.version,
  });
}

interface Question {
  readonly askers: Set<() => void>;
  readonly what: string;
  readonly withinMs: number;
  readonly isDone: () => boolean;
}

async function untilDone({ askers, what, withinMs, isDone }: Question): Promise<void> {
  if (isDone()) return;
  let ask = (): void => undefined;
  const done = new Promise<'done'>((resolve) => {
    ask = () => {
      if (isDone()) resolve('done');
    };
    askers.add(ask);
  });
  const outcome = await Promise.race([done, pause(withinMs)]);
  askers.delete(ask);
  if (outcome !== 'done') throw new Error(`not within ${Math.round(withinMs / 1000)} s: ${what}`);
}
