import { spawn } from 'node:child_process';
import { mkdtempSync, symlinkSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The repository's folder: where commands of the docs are run. */
export const REPOSITORY = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What the runner (`tools/test.mjs`) gives; a missing one is an error, never a skipped test. */
export function fromRunner(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set: cluster tests are run by \`npm test\``);
  return value;
}

/** A folder with `tenantry`, `kubectl` and `helm` as commands, and kubectl's plug-in names. */
function commandFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-bin-'));
  const program = join(REPOSITORY, 'dist/tenantry.mjs');
  const wrapper = join(folder, 'tenantry');
  writeFileSync(wrapper, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  chmodSync(wrapper, 0o755);
  const plugin = join(folder, 'kubectl-upload-chart');
  writeFileSync(plugin, `#!/bin/sh\nexec '${process.execPath}' '${program}' chart upload --plugin "$@"\n`);
  chmodSync(plugin, 0o755);
  symlinkSync(fromRunner('KUBECTL'), join(folder, 'kubectl'));
  symlinkSync(fromRunner('HELM'), join(folder, 'helm'));
  return folder;
}

let commands: string | undefined;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a shell command line in the repository's folder with our commands first on PATH; never throws for its exit code. */
export function shell(
  line: string,
  options: { readonly env?: Record<string, string>; readonly input?: string } = {},
): Promise<Ended> {
  commands ??= commandFolder();
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', line], {
      cwd: REPOSITORY,
      env: {
        ...process.env,
        NO_COLOR: '1',
        PATH: `${commands}:${process.env['PATH'] ?? ''}`,
        ...options.env,
      },
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({
        code: code ?? 1,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      }),
    );
    // A program may end without reading: that shows in its exit code, not here.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/** The same, for lines that must work: fails with everything that was printed. Answers standard output. */
export async function run(line: string, options: { readonly input?: string } = {}): Promise<string> {
  const { code, stdout, stderr } = await shell(line, options);
  if (code !== 0) throw new Error(`\`${line}\` ended with ${code}\n${stdout}${stderr}`);
  return stdout;
}

/** `kubectl get … -o json`, parsed. */
export async function getJson<T>(what: string): Promise<T> {
  // True by kubectl's contract; tests look at the fields they name.
  return JSON.parse(await run(`kubectl get ${what} -o json`)) as T;
}
