import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import { silentProgress } from '../lib/progress.ts';
import { releaseNamed } from './kubernetes-release.ts';
import type { Finished, Run } from './run.ts';
import { findTools, type ToolchainOptions } from './toolchain.ts';

const done = (stdout = ''): Finished => ({ code: 0, stdout, stderr: '' });

describe('findTools', () => {
  let folder = '';
  const calls: string[] = [];
  const builds: string[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tools-'));
    calls.length = 0;
    builds.length = 0;
    for (const module of ['kubernetes/etcd', 'kubernetes', 'kubernetes/v1.34']) {
      await mkdir(join(folder, 'sources', module), { recursive: true });
      await writeFile(join(folder, 'sources', module, 'go.mod'), `module ${module}`);
    }
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** A Go that writes what it is asked to build, or fails as told; other programs answer with a version. */
  const go =
    (failure?: string, version = 'etcd Version: 3.6.16'): Run =>
    async (program, args, { cwd = '' } = {}) => {
      calls.push([program.replace(folder, ''), args[0]].join(' '));
      if (program !== 'go') return done(version);
      if (args[0] === 'env') return done('go1.26.8\n');
      if (failure !== undefined) return { code: 1, stdout: '', stderr: failure };
      builds.push(relative(join(folder, 'sources'), cwd));
      const out = args[args.indexOf('-o') + 1] ?? '';
      const packages = args.filter((arg) => arg.includes('.io/'));
      for (const name of packages.map((each) => (each.endsWith('/v3') ? 'server' : each.split('/').at(-1)))) {
        await writeFile(join(out, name ?? ''), 'program');
        await chmod(join(out, name ?? ''), 0o755);
      }
      return done();
    };

  const options = (run: Run, change: Partial<ToolchainOptions> = {}): ToolchainOptions => ({
    sources: join(folder, 'sources'),
    cache: join(folder, 'cache'),
    env: { PATH: join(folder, 'bin') },
    platform: 'linux-x64',
    clock: systemClock,
    progress: silentProgress,
    run,
    ...change,
  });

  async function program(place: string): Promise<string> {
    await mkdir(join(folder, place, '..'), { recursive: true });
    await writeFile(join(folder, place), '');
    await chmod(join(folder, place), 0o755);
    return join(folder, place);
  }

  it('builds once, under its own name, and finds it in the cache afterwards, also without Go', async () => {
    const first = await findTools(['etcd'], options(go()));
    const again = await findTools(
      ['etcd'],
      options(() => Promise.reject(new Error('nothing may be run'))),
    );

    expect(first.get('etcd')).toMatch(/cache\/etcd-[0-9a-f]{16}-go1\.26\.8\/etcd$/);
    expect(again).toEqual(first);
    expect(await readdir(join(folder, 'cache'))).toHaveLength(2); // the tool and the folder of locks
  });

  it('builds tools of one module by one call', async () => {
    await findTools(['kubelet', 'kube-proxy'], options(go()));

    expect(calls.filter((call) => call === 'go build')).toHaveLength(1);
  });

  it('lets one of two at the same time build, and the other have it', async () => {
    const [one, two] = await Promise.all([
      findTools(['etcd'], options(go())),
      findTools(['etcd'], options(go())),
    ]);

    expect(one).toEqual(two);
    expect(calls.filter((call) => call === 'go build')).toHaveLength(1);
  });

  it('takes what is in the user’s folder, unasked', async () => {
    const path = await program('mine/etcd');

    expect((await findTools(['etcd'], options(go(), { folder: join(folder, 'mine') }))).get('etcd')).toBe(
      path,
    );
    expect(calls).toEqual([]);
  });

  it('takes a program on PATH only in the right version', async () => {
    const path = await program('bin/etcd');

    expect((await findTools(['etcd'], options(go()))).get('etcd')).toBe(path);
    expect((await findTools(['etcd'], options(go(undefined, 'etcd Version: 3.4.23')))).get('etcd')).not.toBe(
      path,
    );
  });

  it('builds the Kubernetes that is asked for from its own module, and the rest as ever', async () => {
    const tools = await findTools(['kubelet', 'etcd'], options(go(), { release: releaseNamed('1.34') }));

    expect(builds).toEqual(['kubernetes/v1.34', 'kubernetes/etcd']);
    expect((await findTools(['kubelet'], options(go()))).get('kubelet')).not.toBe(tools.get('kubelet'));
  });

  it('passes over a Kubernetes in the user’s folder that is not the one asked for', async () => {
    const path = await program('mine/kubelet');
    const ask = (says: string): Promise<string | undefined> =>
      findTools(
        ['kubelet'],
        options(go(undefined, `Kubernetes ${says}`), {
          folder: join(folder, 'mine'),
          release: releaseNamed('1.34'),
        }),
      ).then((tools) => tools.get('kubelet'));

    expect(await ask('v1.34.4')).toBe(path);
    expect(await ask('v1.37.1')).toContain(join(folder, 'cache'));
  });

  it.each([
    ['no space left on device', /failed/, /disk is full/],
    ['go: go.mod requires go >= 1.26.0 (running go 1.19.8)', /requires go/, /GOTOOLCHAIN=auto/],
    ['server.go:7:2: undefined: x', /undefined: x/, /output is in .*etcd\.log/],
  ])('says what to do about %s', async (failure, message, remedy) => {
    const failing = findTools(['etcd'], options(go(failure)));

    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.toMatchObject({ remedy: expect.stringMatching(remedy) });
    const log = await readFile(join(folder, 'cache', 'logs', 'kubernetes-etcd.log'), 'utf8');
    expect(log).toBe(failure);
  });

  it('says so when there is no Go', async () => {
    const run: Run = async () => ({ code: 127, stdout: '', stderr: '' });

    await expect(findTools(['etcd'], options(run))).rejects.toMatchObject({
      message: 'Go is not installed, and etcd must be built',
      remedy: expect.stringContaining('TENANTRY_TOOLS'),
    });
  });

  it('says so when the sources are not there', async () => {
    await expect(findTools(['helm'], options(go()))).rejects.toThrow(/helm\/go\.mod is missing/);
  });
});
