import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fromRunner, run } from './programs.ts';

/** Runs a shell command among the processes of the test cluster's node; answers what it prints. */
export async function onNode(command: string): Promise<string> {
  const data = process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local/share');
  const file = join(data, 'tenantry/clusters', fromRunner('TENANTRY_CLUSTER'), 'state.json');
  // True: the cluster writes it so.
  const { init } = JSON.parse(await readFile(file, 'utf8')) as { init: { pid: number } };
  return run(`nsenter --target ${init.pid} --pid --mount --net sh`, { input: command });
}
