import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { volumeFolders } from './volume-folders.ts';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'volume-folders-'));
});
afterEach(() => rm(base, { recursive: true }));

describe('volumeFolders', () => {
  it('makes a folder open to all users below a root that is not, and does so again without harm', async () => {
    const folders = volumeFolders(join(base, 'deep', 'root'));

    await folders.prepare('a');
    await writeFile(join(folders.pathOf('a'), 'kept'), '');
    await folders.prepare('a');

    expect((await stat(folders.pathOf('a'))).mode & 0o777).toBe(0o777);
    expect((await stat(join(base, 'deep', 'root'))).mode & 0o777).toBe(0o711);
    expect(await readdir(folders.pathOf('a'))).toEqual(['kept']);
  });

  it('removes a folder with all in it, not what its links point to, and does so again without harm', async () => {
    const folders = volumeFolders(base);
    await mkdir(join(base, 'foreign'));
    await writeFile(join(base, 'foreign', 'file'), '');
    await folders.prepare('a');
    await symlink(join(base, 'foreign'), join(folders.pathOf('a'), 'link'));

    await folders.remove('a');
    await folders.remove('a');

    expect(await readdir(base)).toEqual(['foreign']);
    expect(await readdir(join(base, 'foreign'))).toEqual(['file']);
  });
});
