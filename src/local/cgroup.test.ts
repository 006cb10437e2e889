import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCgroups } from './cgroup.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tenantry-cgroup-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('createCgroups', () => {
  it('lets a cluster weigh as much as many processes, in version 1', async () => {
    const folder = join(root, 'cpu/cluster');

    await createCgroups({ version: 1, groups: [{ controllers: 'cpu,cpuacct', folder }] });

    expect(await readFile(join(folder, 'cpu.shares'), 'utf8')).toBe('16384');
  });

  it('does so in version 2 where groups have weights', async () => {
    const folder = join(root, 'cluster');
    await mkdir(folder);
    await writeFile(join(folder, 'cpu.weight'), '100');

    await createCgroups({ version: 2, groups: [{ controllers: '', folder }] });

    expect(await readFile(join(folder, 'cpu.weight'), 'utf8')).toBe('1600');
  });

  it('goes on where they have none', async () => {
    const folder = join(root, 'cluster');

    await createCgroups({ version: 2, groups: [{ controllers: '', folder }] });

    await expect(readFile(join(folder, 'cpu.weight'))).rejects.toThrow(/ENOENT/);
  });
});
