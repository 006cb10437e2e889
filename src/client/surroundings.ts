import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../lib/clock.ts';

/** What loading a kubeconfig takes from outside; made at the composition root, by hand in tests. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Against which relative paths on the command line and in KUBECONFIG count. */
  readonly cwd: string;
  readonly clock: Clock;
  /** The text of a file; rejects with an error whose `code` is ENOENT if there is none. */
  readonly readFile: (path: string) => Promise<string>;
  readonly run: (command: ExecCommand) => Promise<ExecResult>;
}

/** A credential plug-in to run; `env` is the whole environment. */
export interface ExecCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ExecResult {
  /** Exit code; undefined if the command could not be started or was killed. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it could not be started, e.g. ENOENT. */
  readonly failure?: string;
}

/** Milliseconds a plug-in may take: some open a browser the first time, most answer in one second. */
const EXEC_TIMEOUT_MS = 60_000;
/** Bytes a plug-in may print; a credential has a few kB. */
const EXEC_MAX_BYTES = 1024 * 1024;

/** The real surroundings over Node's file system and processes. */
export function nodeSurroundings(given: Pick<Surroundings, 'env' | 'cwd' | 'clock'>): Surroundings {
  return { ...given, readFile: (path) => readFile(path, 'utf8'), run: runCommand };
}

function runCommand({ command, args, env }: ExecCommand): Promise<ExecResult> {
  return new Promise((resolve) => {
    const options = {
      env: { ...env },
      timeout: EXEC_TIMEOUT_MS,
      maxBuffer: EXEC_MAX_BYTES,
      encoding: 'utf8',
    } as const;
    const child = execFile(command, [...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
      const failure =
        error !== null && code === undefined
          ? String(error.code ?? error.signal ?? error.message)
          : undefined;
      resolve({ code, stdout, stderr, ...(failure === undefined ? {} : { failure }) });
    });
    // Nobody is there to answer questions.
    child.stdin?.end();
  });
}
