import { mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linkPlugins } from './link-plugins.ts';
import { PLUGINS } from './plugins.ts';

let folder: string;
let program: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'links-'));
  program = join(folder, 'tenantry.mjs');
  writeFileSync(program, '');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('linkPlugins', () => {
  it('links every plug-in and its completion to the program itself, again and again', async () => {
    const bin = join(folder, 'bin');
    const other = join(folder, 'tenantry');
    symlinkSync(program, other);

    expect(await linkPlugins(bin, other)).toBe(PLUGINS.length);
    expect(await linkPlugins(bin, other)).toBe(PLUGINS.length);
    expect(readlinkSync(join(bin, 'kubectl-appresources'))).toBe(program);
    expect(readlinkSync(join(bin, 'kubectl_complete-appresources'))).toBe(program);
  });

  it('takes the place of links of another installation', async () => {
    symlinkSync('/gone/dist/tenantry.mjs', join(folder, 'kubectl-man'));
    await linkPlugins(folder, program);

    expect(readlinkSync(join(folder, 'kubectl-man'))).toBe(program);
  });

  it('leaves files of others alone, and makes nothing then', async () => {
    writeFileSync(join(folder, 'kubectl-man'), 'theirs');

    await expect(linkPlugins(folder, program)).rejects.toThrow(/other programs of these names: kubectl-man$/);
    expect(readFileSync(join(folder, 'kubectl-man'), 'utf8')).toBe('theirs');
    expect(() => readlinkSync(join(folder, 'kubectl-appresources'))).toThrow('ENOENT');
  });
});
