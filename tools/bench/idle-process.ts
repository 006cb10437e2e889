import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

/** The event loop's delay, in milliseconds. */
export interface Stall {
  readonly p99: number;
  readonly max: number;
}

/** A process that does nothing but measure how late its own timer is. */
const PROGRAM = `
  const delay = require('node:perf_hooks').monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  process.stdin.resume().on('end', () => {
    // As the operator counts: the interval between two samples less what it should be.
    const late = (ns) => Math.max(0, ns / 1e6 - 10);
    console.log(JSON.stringify({ p99: late(delay.percentile(99)), max: late(delay.max) }));
    process.exit(0);
  });`;

/**
 * Starts such a process beside what is measured, with the same share of the processors as `beside`; the answer ends it and
 * tells what the machine alone did to it.
 */
export async function startIdleProcess(beside: number | undefined): Promise<() => Promise<Stall>> {
  const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  if (beside !== undefined && child.pid !== undefined) await joinGroup(child.pid, beside);
  const said = new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', () => resolve(text));
  });
  return async () => {
    child.stdin.end();
    // The program above prints exactly this.
    return JSON.parse(await said) as Stall;
  };
}

/** Moves a process into the group by which the kernel shares out the processors to another one. */
async function joinGroup(pid: number, other: number): Promise<void> {
  const groups = await readFile(`/proc/${other}/cgroup`, 'utf8');
  for (const line of groups.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    // Version 2 has one nameless hierarchy for everything.
    if (controllers === undefined || path === undefined) continue;
    if (controllers !== '' && !controllers.split(',').includes('cpu')) continue;
    await writeFile(join('/sys/fs/cgroup', controllers, path, 'cgroup.procs'), String(pid));
  }
}
