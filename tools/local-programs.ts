import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { localOptions, imageOptions } from '../src/cli/local-options.ts';
import type { CliIo } from '../src/cli/cli-io.ts';
import { NO_COLORS } from '../src/cli/colors.ts';
import { terminalProgress } from '../src/cli/terminal-progress.ts';
import { systemClock } from '../src/lib/clock.ts';
import type { ImageOptions } from '../src/local/images/build-images.ts';
import { toolchainOptions } from '../src/local/cluster-options.ts';
import type { ToolchainOptions } from '../src/local/toolchain.ts';

/** The repository's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const write = (text: string): void => void process.stdout.write(text);
const io: CliIo = {
  out: write,
  err: write,
  env: process.env,
  cwd: root,
  clock: systemClock,
  colors: NO_COLORS,
  progress: terminalProgress(write, systemClock, NO_COLORS),
  signal: new AbortController().signal,
};

/** Where programs and images come from, as for the command line. */
export const toolchain: ToolchainOptions = toolchainOptions(localOptions(io));
export const images: ImageOptions = imageOptions(io);

/** Runs a program with this terminal's streams; answers its exit code. */
export async function show(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  // The event of a child process carries its exit code, or null where a signal ended it.
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** Runs our own program, which must work. */
export async function tenantry(...words: readonly string[]): Promise<void> {
  const code = await show(process.execPath, [join(root, 'dist/tenantry.mjs'), ...words]);
  if (code !== 0) throw new Error(`tenantry ${words.join(' ')} ended with ${code}`);
}

/** The last line that our own program prints: a path. */
export async function ask(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await toolchain.run(process.execPath, [
    join(root, 'dist/tenantry.mjs'),
    ...words,
  ]);
  if (code !== 0) throw new Error(`tenantry ${words.join(' ')}: ${stderr}`);
  return stdout.trim().split('\n').at(-1) ?? '';
}
