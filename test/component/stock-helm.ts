import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The stock helm binary, of the same version as the engine; `npm test` names it by HELM. Read when it is needed: who calls may find it first. */
const stockBinary = (): string => process.env['HELM'] ?? '';

/** Without the binary nothing is compared: a person may leave it out, the gate may not. */
export const canCompare = stockBinary() !== '' || process.env['CI'] !== undefined;

/** What a command printed, or how it failed. */
export interface Outcome {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds; a rendering takes a tenth of a second, and one that asks for gigabytes must end. */
const HELM_TIMEOUT = 60_000;

/** Runs helm with a home of its own, so that nothing of the machine's is read or written. */
export function helm(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const binary = stockBinary();
  if (binary === '')
    throw new Error('HELM does not name a helm binary: run `npm test`, or set it to `tenantry tool helm`');
  return withFolder(
    (home) =>
      new Promise((resolve) => {
        const surroundings = { PATH: process.env['PATH'] ?? '', HOME: home, ...env };
        execFile(
          binary,
          args,
          { env: surroundings, maxBuffer: 64 * 1_048_576, timeout: HELM_TIMEOUT, killSignal: 'SIGKILL' },
          (error, stdout, stderr) => resolve({ ok: error === null, stdout, stderr }),
        );
      }),
  );
}

/** Lends a folder that is gone afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-helm-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
