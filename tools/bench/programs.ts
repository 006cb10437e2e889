import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The repository's folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** What is shipped, and so what is measured. */
export const program = join(root, 'dist/tenantry.mjs');

/** Path of a tool of ours (`helm`), built if it has to be. */
export function toolPath(name: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'tool', name], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim().split('\n').at(-1) ?? '';
}

/** Milliseconds that a command takes, started to ended. */
export function commandMs(command: string, args: readonly string[]): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return performance.now() - begin;
}

/** Mean CPU milliseconds (user and system) of a command, as the kernel counts it for ended children. */
export function commandCpuMs(command: string, args: readonly string[], runs: number): number {
  const script = `for i in $(seq ${runs}); do "$0" "$@" >/dev/null || exit 1; done; times`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, command, ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const children = stdout.trim().split('\n').at(-1) ?? '';
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    (match) => Number(match[1]) * 60 + Number(match[2]),
  );
  return (seconds.reduce((sum, value) => sum + value, 0) * 1000) / runs;
}
