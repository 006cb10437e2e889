import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { expect, it } from 'vitest';
import { packChart } from '../../src/helm/archive.ts';
import { sha256 } from '../../src/lib/hash.ts';
import { startEngine } from './helm-engine.ts';

/** Of the fields of `stat` behind the name in parentheses, which may hold spaces: the nice value. */
const NICE = 16;

/** Threads of this process that let others go first. */
function politeThreads(): readonly string[] {
  return readdirSync('/proc/self/task').filter((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[NICE]) > getPriority();
  });
}

it('renders where the event loop goes first', async () => {
  const before = politeThreads();
  const engine = await startEngine({ maxWorkers: 1 });
  try {
    const yaml = 'apiVersion: v2\nname: demo\nversion: 1.0.0\n';
    const archive = packChart('demo', new Map([['Chart.yaml', yaml]]));
    await engine.load(sha256(archive), archive);

    expect(politeThreads()).toHaveLength(before.length + 1);
  } finally {
    await engine.close();
  }
});
