import { chmod, chown, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isJsonObject } from '../../api/json-schema.ts';
import { KubeconfigError } from '../../client/kubeconfig-error.ts';
import { parseKubeconfig } from '../../client/kubeconfig.ts';
import { kubeconfigFiles } from '../../client/load-access.ts';
import type { Surroundings } from '../../client/surroundings.ts';
import { parseYaml, toYaml } from '../../kube/yaml.ts';
import type { KubeFile, KubeFiles } from './kube-files.ts';

/** Whose kubeconfig: the named file, else those of KUBECONFIG, else `~/.kube/config`. */
export interface KubeconfigPlace {
  readonly kubeconfig?: string | undefined;
}

/** What reading and writing take from outside. */
export type FileSurroundings = Pick<Surroundings, 'env' | 'cwd' | 'clock' | 'readFile'>;

/** Milliseconds to wait for another program that writes the same file: kubectl holds it for milliseconds. */
const LOCK_WAIT_MS = 10_000;
const LOCK_EVERY_MS = 50;
/** A kubeconfig holds keys. */
const NEW_MODE = 0o600;

/** The kubeconfigs as they stand; one that is not there is empty. Throws KubeconfigError. */
export async function readKubeFiles(place: KubeconfigPlace, around: FileSurroundings): Promise<KubeFiles> {
  const { paths } = kubeconfigFiles(place, around);
  return Promise.all(paths.map((path) => readKubeFile(path, around)));
}

/**
 * Changes the kubeconfigs: read, changed and written while other programs wait (the lock is kubectl's own), each file replaced in one
 * step, so that nobody ever reads half of one. Files that stay equal are not touched. Answers what stands there then.
 */
export async function editKubeconfig(
  place: KubeconfigPlace,
  around: FileSurroundings,
  edit: (files: KubeFiles) => KubeFiles,
): Promise<KubeFiles> {
  const { paths } = kubeconfigFiles(place, around);
  const locks = await lockAll(paths, around);
  try {
    const before = await Promise.all(paths.map((path) => readKubeFile(path, around)));
    const after = edit(before);
    for (const [i, file] of after.entries())
      if (file.content !== before[i]?.content) await writeKubeFile(file);
    return after;
  } finally {
    for (const lock of locks) await rm(lock, { force: true });
  }
}

async function readKubeFile(path: string, { readFile }: FileSurroundings): Promise<KubeFile> {
  let text: string;
  try {
    text = await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { path, exists: false, content: {} };
    throw new KubeconfigError(
      `the kubeconfig ${path} can not be read: ${codeOf(error)}`,
      'Check the path and its rights.',
      { cause: error },
    );
  }
  // For its complaints: what follows relies on the form.
  parseKubeconfig(text, path);
  const content = parseYaml(text);
  return { path, exists: true, content: isJsonObject(content) ? content : {} };
}

/** In one order for everybody, so that two of us never wait for each other. */
async function lockAll(paths: readonly string[], around: FileSurroundings): Promise<readonly string[]> {
  const real = await Promise.all(paths.map((path) => realOf(path)));
  const names = [...new Set([...paths, ...real])].sort().map((path) => `${path}.lock`);
  const held: string[] = [];
  try {
    for (const name of names) {
      await lock(name, around);
      held.push(name);
    }
    return held;
  } catch (error) {
    for (const name of held) await rm(name, { force: true });
    throw error;
  }
}

async function lock(name: string, { clock }: FileSurroundings): Promise<void> {
  await mkdir(dirname(name), { recursive: true });
  const deadline = clock.monotonic() + LOCK_WAIT_MS;
  for (;;) {
    try {
      await (await open(name, 'wx', NEW_MODE)).close();
      return;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST')
        throw new KubeconfigError(
          `${name} can not be written: ${codeOf(error)}`,
          'Check the rights of its folder.',
          { cause: error },
        );
      if (clock.monotonic() >= deadline)
        throw new KubeconfigError(
          `another program writes the kubeconfig: ${name} is there`,
          'Try again; if no program writes it, remove that file.',
        );
      await clock.sleep(LOCK_EVERY_MS);
    }
  }
}

/** Beside the file and then over it. A link stays a link; mode and owner stay. */
async function writeKubeFile({ path, content }: KubeFile): Promise<void> {
  const target = await realOf(path);
  const beside = `${target}.new`;
  const document = { apiVersion: 'v1', kind: 'Config', ...content };
  const handle = await open(beside, 'w', NEW_MODE);
  try {
    await handle.writeFile(toYaml(document));
    await handle.sync();
  } finally {
    await handle.close();
  }
  const before = await stat(target).catch(() => undefined);
  if (before !== undefined) {
    await chmod(beside, before.mode & 0o7777);
    // Root may edit somebody's file; everybody else owns it already.
    await chown(beside, before.uid, before.gid).catch(() => undefined);
  }
  await rename(beside, target);
}

const realOf = (path: string): Promise<string> => realpath(path).catch(() => path);

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
