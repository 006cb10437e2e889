import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../lib/hash.ts';

/** Hex digits of a key: 64 bits tell the states of one image apart, and names stay readable. */
const KEY_LENGTH = 16;

/** One file that goes into an image. */
export interface InputFile {
  /** Below the root, with `/`. */
  readonly path: string;
  readonly executable: boolean;
  /** SHA-256 of the content, hex. */
  readonly digest: string;
}

/** Source maps never go into an image (see .containerignore) and so do not change it. */
const isLeftOut = (path: string): boolean => path.endsWith('.map');

/** All files at or below `paths` (relative to `root`), sorted by path. Throws the file system's error where one is missing. */
export async function inputFiles(root: string, paths: readonly string[]): Promise<readonly InputFile[]> {
  const found = await Promise.all(paths.map((path) => filesAt(root, path)));
  return found.flat().sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function filesAt(root: string, path: string): Promise<readonly InputFile[]> {
  const info = await stat(join(root, path));
  if (info.isDirectory()) {
    const names = await readdir(join(root, path));
    return (await Promise.all(names.map((name) => filesAt(root, `${path}/${name}`)))).flat();
  }
  if (isLeftOut(path)) return [];
  const content = await readFile(join(root, path));
  return [
    {
      path,
      executable: (info.mode & 0o111) !== 0,
      digest: createHash('sha256').update(content).digest('hex'),
    },
  ];
}

/** The key of an image: equal exactly if everything it is made of is equal. `settings` are versions, flags, base's key. */
export function imageKey(settings: readonly string[], files: readonly InputFile[]): string {
  const lines = files.map((file) => [file.path, file.executable ? 'x' : '-', file.digest]);
  return sha256(JSON.stringify([settings, lines])).slice(0, KEY_LENGTH);
}
