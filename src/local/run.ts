import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { codeOf } from '../lib/error-text.ts';

/** What became of a program that was run to its end. */
export interface Finished {
  /** Its exit code; 127 when there is no such program, 128 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run it. */
export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment of the program; the caller decides what it may see. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Text for its standard input. */
  readonly input?: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with each line of output as it comes, of both streams. */
  readonly onLine?: (line: string) => void;
}

/** Runs a program to its end. Never rejects for what the program did; rejects only when aborted. */
export type Run = (program: string, args: readonly string[], options?: RunOptions) => Promise<Finished>;

/** Output beyond this is cut from the front: what is wrong stands at the end. */
const MAX_OUTPUT_CHARACTERS = 4_000_000;

/** `Run` on this machine. */
export const run: Run = async (program, args, options = {}) => {
  const child = spawn(program, args, {
    cwd: options.cwd,
    ...(options.env === undefined ? {} : { env: options.env }),
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    signal: options.signal,
  });
  if (child.stdin !== null) {
    // A program may end without reading: that shows in its exit code, not here.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
  }
  const stdout = collect(child.stdout, options.onLine);
  const stderr = collect(child.stderr, options.onLine);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code: code ?? 128, stdout: stdout(), stderr: stderr() };
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return { code: 127, stdout: '', stderr: `${program}: not found` };
  }
};

function collect(stream: Readable | null, onLine: ((line: string) => void) | undefined): () => string {
  let text = '';
  let rest = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-MAX_OUTPUT_CHARACTERS);
    if (onLine === undefined) return;
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  return () => text;
}

/** The last lines of a text that say something: for error messages. */
export function lastLines(text: string, count: number): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-count).join('\n');
}
