import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readChartFolder } from './chart-folder.ts';

const made: string[] = [];
afterEach(async () => {
  await Promise.all(made.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-chart-'));
  made.push(folder);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

describe('readChartFolder', () => {
  it('reads what .helmignore leaves, in order', async () => {
    const folder = await folderOf({
      'Chart.yaml': 'name: a',
      'templates/b.yaml': 'b',
      'templates/.b.yaml.swp': 'editor',
      'docs/long.md': 'words',
      'charts/sub/Chart.yaml': 'name: sub',
      '.helmignore': 'docs/\n.helmignore\n',
    });

    const { files } = await readChartFolder(folder);

    expect([...files.keys()]).toEqual(['Chart.yaml', 'charts/sub/Chart.yaml', 'templates/b.yaml']);
  });

  it('refuses links, which may point anywhere', async () => {
    const folder = await folderOf({ 'Chart.yaml': 'name: a' });
    await symlink('/etc/hostname', join(folder, 'link'));

    await expect(readChartFolder(folder)).rejects.toMatchObject({
      code: 'NotAFile',
      message: expect.stringMatching(/^link /),
    });
  });

  it('refuses a folder that is no chart', async () => {
    await expect(readChartFolder(await folderOf({ 'values.yaml': '' }))).rejects.toMatchObject({
      code: 'NotAChart',
    });
  });
});
