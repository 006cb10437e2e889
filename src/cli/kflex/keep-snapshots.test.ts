import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forgetSnapshots, snapshotFile, snapshotFolder } from './keep-snapshots.ts';

const NOW = Date.parse('2026-11-22T04:05:06.789Z');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tenantry-snapshots-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('snapshots that are kept', () => {
  it('are in a folder of their plane, for their owner alone, and named by their time', async () => {
    const file = await snapshotFile(snapshotFolder(folder, 'a', 'u1'), NOW);

    expect(basename(file)).toBe('20261122T040506Z.snapshot');
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
    expect(dirname(file)).not.toBe(snapshotFolder(folder, 'a', 'u2'));
  });

  it('are the newest ones; what is no snapshot of ours stays', async () => {
    const days = ['20', '22', '21', '19'].map((day) => `202611${day}T040506Z.snapshot`);
    const others = ['20261101T040506Z.snapshot.part', 'by-hand.snapshot', 'notes'];
    for (const name of [...days, ...others]) writeFileSync(join(folder, name), '');

    expect(await forgetSnapshots(folder, 2)).toEqual([
      '20261119T040506Z.snapshot',
      '20261120T040506Z.snapshot',
    ]);
    expect(readdirSync(folder).toSorted()).toEqual(
      ['20261121T040506Z.snapshot', '20261122T040506Z.snapshot', ...others].toSorted(),
    );
    expect(await forgetSnapshots(folder, 5)).toEqual([]);
  });
});
