import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readChart } from './read-chart.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('readChart', () => {
  it('packs a folder under the name that helm package gives', async () => {
    await writeFile(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: demo\nversion: 1.2.3\n');

    expect((await readChart(folder)).name).toBe('demo-1.2.3.tgz');
  });

  it.each([
    ['no file', undefined, /can't be read$/],
    ['no archive', 'root:x:0:0', /not a gzip archive/],
  ])('refuses %s with a remedy', async (_name, content, message) => {
    const path = join(folder, 'demo.tgz');
    if (content !== undefined) await writeFile(path, content);

    await expect(readChart(path)).rejects.toMatchObject({
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(/chart/),
    });
  });

  it('looks for Chart.yaml before anything else in a folder', async () => {
    await writeFile(join(folder, '.helmignore'), '**');

    await expect(readChart(folder)).rejects.toMatchObject({
      message: expect.stringMatching(/has no Chart.yaml/),
      remedy: expect.any(String),
    });
  });

  it.each([
    ['that is no YAML', 'a: ['],
    ['without a version', 'name: demo'],
  ])('refuses a Chart.yaml %s', async (_name, content) => {
    await writeFile(join(folder, 'Chart.yaml'), content);

    await expect(readChart(folder)).rejects.toMatchObject({ remedy: expect.any(String) });
  });
});
