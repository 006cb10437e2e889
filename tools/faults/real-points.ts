import { localEngine } from '../../src/cli/local-engine.ts';
import {
  WEBHOOK_CONFIGURATION_NAME,
  WEBHOOK_CONFIGURATIONS,
} from '../../src/features/webhooks/publish-webhooks.ts';
import { messageOf } from '../../src/lib/error-text.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { CALL_FAULTS, type CallFaultName } from '../../test/faults/call-faults.ts';
import { randomOf } from '../../test/faults/cases.ts';
import type { FaultScript } from '../../test/faults/interceptor.ts';
import { differences } from '../../test/faults/picture.ts';
import { closeCluster, openCluster } from '../bench/bench-cluster.ts';
import { live, type LifeEnding, type RealServer } from './real-life.ts';

/** Deaths and lost answers: what only a real server can show the consequences of. */
const FAULTS = ['kill-before', 'kill-after', 'reset-before', 'reset-after', 'truncated'] as const;

/** One fault at one write of a life. */
interface Point {
  readonly seed: number;
  /** Counts the writes of the first process from 1. */
  readonly write: number;
  readonly fault: (typeof FAULTS)[number] & CallFaultName;
}

/** What came of all points. */
export interface RealResult {
  readonly writes: number;
  readonly points: readonly (Point & { readonly happened: string; readonly problems: readonly string[] })[];
}

interface Choice {
  readonly cluster: string;
  /** Of its nodes; the default where nothing is in its way. */
  readonly subnet?: string | undefined;
  readonly firstSeed: number;
  readonly points: number;
  readonly say: (text: string) => void;
}

/** Brings a cluster of its own up, tries the points there and takes it down. A point depends on its seed alone. */
export async function tryRealPoints({
  cluster: name,
  subnet,
  firstSeed,
  points,
  say,
}: Choice): Promise<RealResult> {
  const cluster = await openCluster(name, {}, subnet === undefined ? {} : { nodes: subnet });
  const engine = localEngine({ clock: systemClock });
  try {
    // Its operator would do the work itself, and its webhooks are answered by nobody then.
    await cluster.scale(0);
    for (const kind of WEBHOOK_CONFIGURATIONS)
      await cluster.client.delete(kind, { name: WEBHOOK_CONFIGURATION_NAME });
    const server: RealServer = { client: cluster.client, access: cluster.operatorAccess, engine };
    const calm = await live(server, {});
    if (calm.left.length > 0) throw new Error(`without any fault there is left: ${calm.left.join(', ')}`);
    say(`a life without faults: ${calm.writes} writes`);
    const tried: RealResult['points'][number][] = [];
    for (let seed = firstSeed; seed < firstSeed + points; seed += 1) {
      const point = drawn(seed, calm.writes);
      const result = await tryPoint(server, calm, point);
      say(`${result.problems.length === 0 ? '✓' : '✗'} seed ${seed}: ${result.happened}`);
      for (const problem of result.problems) say(`    ${problem}`);
      if (result.problems.length > 0)
        say(`    again: npx tsx tools/faults.ts --cluster ${name} --seed ${seed} --points 1`);
      tried.push({ ...point, ...result });
    }
    return { writes: calm.writes, points: tried };
  } finally {
    await engine.close();
    await cluster.close();
    await closeCluster(name);
  }
}

function drawn(seed: number, writes: number): Point {
  const random = randomOf(seed);
  const write = 1 + Math.floor(random() * writes);
  // True: the index is below the length.
  const fault = FAULTS[Math.floor(random() * FAULTS.length)] as Point['fault'];
  return { seed, write, fault };
}

async function tryPoint(
  server: RealServer,
  calm: LifeEnding,
  { write, fault }: Point,
): Promise<{ readonly happened: string; readonly problems: readonly string[] }> {
  let writes = 0;
  const script: FaultScript = {
    call: ({ isWrite }) => {
      if (isWrite) writes += 1;
      return isWrite && writes === write ? CALL_FAULTS[fault] : undefined;
    },
  };
  try {
    const ending = await live(server, script);
    const happened = ending.happened.join('; ');
    // Repeated writes of a life that goes on are more than those of the undisturbed one, never less.
    const missed = happened === '' ? [`write ${write} never came`] : [];
    const left = ending.left.map((one) => `left behind: ${one}`);
    const repeated = ending.made.beyond(calm.made);
    return {
      happened,
      problems: [...missed, ...differences(calm.picture, ending.picture), ...repeated, ...left],
    };
  } catch (error) {
    return { happened: `${fault} at write ${write}`, problems: [messageOf(error)] };
  }
}
