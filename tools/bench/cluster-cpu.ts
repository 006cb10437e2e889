import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { localOptions } from '../../src/cli/local-options.ts';
import { requireRunning } from '../../src/local/cluster-status.ts';
import { benchIo } from './bench-cluster.ts';

/** CPU milliseconds (user and system) since the cluster's start, by program. */
export type CpuByProgram = Readonly<Record<string, number>>;

/** The kernel counts in hundredths of a second on every Linux that Node runs on. */
const MS_PER_TICK = 10;
/** Fields of /proc/<pid>/stat after the name, counted from the state: see proc(5). */
const STAT = { parent: 1, user: 11, system: 12 };

interface Process {
  readonly parent: number;
  readonly program: string;
  readonly cpuMs: number;
}

/** Reads what the programs of a local cluster have used so far. Those that ended meanwhile are not in it. */
export async function readClusterCpu(name: string): Promise<CpuByProgram> {
  const { state } = await requireRunning(localOptions(benchIo(), name));
  const processes = await readProcesses();
  const used: Record<string, number> = {};
  for (const process of processes.values()) {
    if (!isBelow(process, state.init?.pid ?? -1, processes)) continue;
    used[process.program] = (used[process.program] ?? 0) + process.cpuMs;
  }
  return used;
}

/** What was used between two readings, per piece of work, the largest first: `kube-apiserver 12.3 ms, …`. */
export function cpuPer(count: number, before: CpuByProgram, after: CpuByProgram): string {
  const spent = Object.entries(after).map(
    ([name, ms]) => [name, (ms - (before[name] ?? 0)) / count] as const,
  );
  return spent
    .filter(([, ms]) => ms >= 0.05)
    .toSorted((a, b) => b[1] - a[1])
    .map(([name, ms]) => `${name} ${ms.toFixed(1)}`)
    .join(', ');
}

/** The process of this machine that runs an operator pod; undefined where it can't be told. */
export async function findOperatorProcess(pod: string): Promise<number | undefined> {
  for (const pid of (await readProcesses()).keys()) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environment.split('\0').includes(`TENANTRY_POD=${pod}`)) return pid;
  }
  return undefined;
}

async function readProcesses(): Promise<ReadonlyMap<number, Process>> {
  const entries = await readdir('/proc');
  const processes = new Map<number, Process>();
  for (const entry of entries.filter((name) => /^\d+$/.test(name))) {
    try {
      const [stat, line] = await Promise.all([
        readFile(`/proc/${entry}/stat`, 'utf8'),
        readFile(`/proc/${entry}/cmdline`, 'utf8'),
      ]);
      processes.set(Number(entry), parseProcess(stat, line.split('\0')));
    } catch {
      // It ended while we looked.
    }
  }
  return processes;
}

function parseProcess(stat: string, words: readonly string[]): Process {
  // The name stands in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[STAT.user]) + Number(fields[STAT.system]);
  const command = basename(words[0] ?? '');
  return {
    parent: Number(fields[STAT.parent]),
    // Node programs are told apart by what they were asked to do.
    program: command === 'node' ? (words[2] ?? command) : command,
    cpuMs: ticks * MS_PER_TICK,
  };
}

function isBelow(process: Process, ancestor: number, all: ReadonlyMap<number, Process>): boolean {
  for (let parent = process.parent; parent > 1; parent = all.get(parent)?.parent ?? 0)
    if (parent === ancestor) return true;
  return false;
}
