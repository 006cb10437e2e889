import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { imageKey, inputFiles, type InputFile } from './image-key.ts';

const file: InputFile = { path: 'a/Containerfile', executable: false, digest: '00' };

describe('imageKey', () => {
  const key = imageKey(['amd64'], [file]);

  it('is 16 hex digits', () => {
    expect(key).toMatch(/^[0-9a-f]{16}$/);
  });

  it.each([
    ['a setting changes', ['arm64'], [file]],
    ['a setting is split in two', ['amd', '64'], [file]],
    ['a file changes', ['amd64'], [{ ...file, digest: '01' }]],
    ['a file moves', ['amd64'], [{ ...file, path: 'b/Containerfile' }]],
    ['a file becomes a program', ['amd64'], [{ ...file, executable: true }]],
    ['a file comes', ['amd64'], [file, { ...file, path: 'c' }]],
  ])('differs when %s', (_reason, settings, files) => {
    expect(imageKey(settings, files)).not.toBe(key);
  });
});

describe('inputFiles', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'image-key-'));
    await mkdir(join(root, 'dist/chunks'), { recursive: true });
    await writeFile(join(root, 'dist/z.mjs'), 'z');
    await writeFile(join(root, 'dist/chunks/a.mjs'), 'a');
    await writeFile(join(root, 'dist/chunks/a.mjs.map'), 'map');
    await writeFile(join(root, 'run.sh'), '#!/bin/sh', { mode: 0o755 });
  });
  afterEach(() => rm(root, { recursive: true }));

  it('finds files at any depth, sorted, without source maps', async () => {
    const found = await inputFiles(root, ['run.sh', 'dist']);

    expect(found.map((each) => each.path)).toEqual(['dist/chunks/a.mjs', 'dist/z.mjs', 'run.sh']);
    expect(found.map((each) => each.executable)).toEqual([false, false, true]);
  });

  it('says which file is missing', async () => {
    await expect(inputFiles(root, ['Containerfile'])).rejects.toThrow(/ENOENT.*Containerfile/);
  });
});
