import { CONFIG_MAP } from '../../src/kube/builtin-kinds.ts';
import { pause } from '../bench/wait-for.ts';
import type { RaisedPlane } from './raised-plane.ts';

/** How one kind of request fared. */
export interface Stretch {
  readonly what: string;
  readonly answered: number;
  readonly failed: number;
  /** Between one answer and the next. */
  readonly longestGapMs: number;
}

/** Requests that go on until they are ended. */
export interface ContinuousRequests {
  end(): Promise<readonly Stretch[]>;
  /** How many of the objects whose creation was acknowledged are not there. */
  lost(): Promise<number>;
}

const EVERY_MS = 100;

/** Reads and writes of one client each, one after the other; connections are kept and made anew as clients do. */
export function continuousRequests({ client, another }: RaisedPlane): ContinuousRequests {
  const stop = new AbortController();
  const created: string[] = [];
  const write = async (turn: number): Promise<void> => {
    const name = `kept-${turn}`;
    await client.create(CONFIG_MAP, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'default' },
    });
    created.push(name);
  };
  const read = async (): Promise<void> => {
    await another.get(CONFIG_MAP, { namespace: 'default', name: 'kube-root-ca.crt' });
  };
  const running = [series('writes', write, stop.signal), series('reads', read, stop.signal)];
  return {
    end: async () => {
      stop.abort();
      return Promise.all(running);
    },
    lost: async () => {
      const { items } = await another.list(CONFIG_MAP, { namespace: 'default' });
      const there = new Set(items.map(({ metadata }) => metadata.name));
      return created.filter((name) => !there.has(name)).length;
    },
  };
}

async function series(
  what: string,
  ask: (turn: number) => Promise<void>,
  signal: AbortSignal,
): Promise<Stretch> {
  let [answered, failed, longestGapMs, last] = [0, 0, 0, performance.now()];
  for (let turn = 0; !signal.aborted; turn += 1) {
    try {
      await ask(turn);
      answered += 1;
      longestGapMs = Math.max(longestGapMs, Math.round(performance.now() - last));
      last = performance.now();
    } catch {
      failed += 1;
    }
    await pause(EVERY_MS);
  }
  return {
    what,
    answered,
    failed,
    longestGapMs: Math.max(longestGapMs, Math.round(performance.now() - last)),
  };
}
