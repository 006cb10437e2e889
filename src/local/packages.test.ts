import { describe, expect, it } from 'vitest';
import { silentProgress } from '../lib/progress.ts';
import { ensurePackages, missingPackages } from './packages.ts';
import type { Finished, Run } from './run.ts';

/** A machine with some packages, whose apt answers as told; remembers what was run. */
function machine(installed: readonly string[], answers: readonly Finished[]): { run: Run; calls: string[] } {
  const calls: string[] = [];
  const left = [...answers];
  const run: Run = async (program, args) => {
    calls.push([program, ...args.filter((arg) => !arg.startsWith('-') && !arg.startsWith('DPkg'))].join(' '));
    if (program === 'dpkg-query')
      return {
        code: 1,
        stdout: installed.map((name) => `${name} installed\n`).join(''),
        stderr: 'no packages found',
      };
    return left.shift() ?? { code: 0, stdout: '', stderr: '' };
  };
  return { run, calls };
}

const options = (run: Run, uid = 0) => ({ run, uid, progress: silentProgress, env: {} });
const failed = { code: 100, stdout: '', stderr: 'E: Unable to locate package runc\n' };
const fine = { code: 0, stdout: '', stderr: '' };

describe('ensurePackages', () => {
  it('does nothing, also without root, when all is there', async () => {
    const { run, calls } = machine(['runc', 'socat'], []);

    await ensurePackages(['runc', 'socat'], options(run, 1000));

    expect(calls).toHaveLength(1);
  });

  it('does not take a package for installed whose files are left over', async () => {
    const run: Run = async () => ({ code: 0, stdout: 'runc config-files\nsocat installed\n', stderr: '' });

    expect(await missingPackages(['runc', 'socat'], run)).toEqual(['runc']);
  });

  it('installs what is missing, after an update when the lists are of no use', async () => {
    const { run, calls } = machine(['socat'], [failed, fine, fine]);

    await ensurePackages(['runc', 'socat'], options(run));

    expect(calls.slice(1)).toEqual(['apt-get install runc', 'apt-get update', 'apt-get install runc']);
  });

  it('names the command for root when it may not install', async () => {
    const { run } = machine([], []);

    await expect(ensurePackages(['runc'], options(run, 1000))).rejects.toMatchObject({
      message: 'these packages are missing: runc',
      remedy: expect.stringContaining('apt-get install -y --no-install-recommends runc'),
    });
  });

  it('says what apt said when it fails for good', async () => {
    const { run } = machine([], [failed, fine, failed]);

    await expect(ensurePackages(['runc'], options(run))).rejects.toThrow(/Unable to locate package runc/);
  });

  it('says so when there is no apt', async () => {
    const { run } = machine([], [{ code: 127, stdout: '', stderr: '' }]);

    await expect(ensurePackages(['runc'], options(run))).rejects.toThrow(/no apt-get/);
  });
});
