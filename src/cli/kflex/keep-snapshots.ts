import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { shortHash } from '../../lib/hash.ts';

/** Files that are ours, and no others: named by their time, so that their names are in its order. */
const OURS = /^\d{8}T\d{6}Z\.snapshot$/;

/** Folder of one plane's snapshots, told apart from that of another plane which took its name later. Pure. */
export function snapshotFolder(folder: string, name: string, uid: string): string {
  return join(folder, `${name}-${shortHash(uid)}`);
}

/** Where the snapshot of this moment goes; the folder is for its owner alone: there are Secrets in it. */
export async function snapshotFile(folder: string, now: number): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const time = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return join(folder, `${time}.snapshot`);
}

/** Removes all snapshots of a folder but the newest ones. What somebody else put there stays. */
export async function forgetSnapshots(folder: string, keep: number): Promise<readonly string[]> {
  const all = (await readdir(folder)).filter((name) => OURS.test(name)).toSorted();
  const old = all.slice(0, Math.max(0, all.length - keep));
  for (const name of old) await rm(join(folder, name), { force: true });
  return old;
}
