import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { setHosting } from './contexts.ts';
import { editKubeconfig, readKubeFiles, type FileSurroundings } from './edit-kubeconfig.ts';
import { useContext } from './kube-files.ts';

const TEXT = `apiVersion: v1
kind: Config
current-context: hub
clusters: [{name: hub, cluster: {server: "https://hub"}}]
contexts: [{name: hub, context: {cluster: hub, user: ""}}]
`;

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kflex-'));
  file = join(folder, 'config');
  await writeFile(file, TEXT);
});
afterEach(() => rm(folder, { recursive: true }));

const around = (env: Record<string, string> = {}): FileSurroundings => ({
  env: { HOME: folder, ...env },
  cwd: folder,
  clock: systemClock,
  readFile: (path) => readFile(path, 'utf8'),
});

describe('editKubeconfig', () => {
  it('writes what was changed, with the rights the file had, and leaves no other file', async () => {
    await chmod(file, 0o640);

    await editKubeconfig({ kubeconfig: file }, around(), (files) => setHosting(files, 'hub', 0));

    expect(await readFile(file, 'utf8')).toContain('hosting-cluster-ctx-name: hub');
    expect((await stat(file)).mode & 0o777).toBe(0o640);
    expect(await readdir(folder)).toEqual(['config']);
  });

  it('makes a file that is not there, for its owner alone', async () => {
    const fresh = join(folder, 'new', 'config');

    await editKubeconfig({ kubeconfig: fresh }, around(), (files) => useContext(files, 'x'));

    expect(await readFile(fresh, 'utf8')).toContain('current-context: x');
    expect((await stat(fresh)).mode & 0o777).toBe(0o600);
  });

  it('writes through a link', async () => {
    const link = join(folder, 'link');
    await symlink(file, link);

    await editKubeconfig({ kubeconfig: link }, around(), (files) => useContext(files, 'x'));

    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await readFile(file, 'utf8')).toContain('current-context: x');
  });

  it('touches only the file of KUBECONFIG that changes', async () => {
    const second = join(folder, 'second');
    await writeFile(second, 'contexts: [{name: b, context: {cluster: hub}}]\n');
    const env = { KUBECONFIG: `${file}:${second}` };

    await editKubeconfig({}, around(env), (files) => setHosting(files, 'b', 0));
    expect(await readFile(second, 'utf8')).toContain('is-hosting-cluster-ctx: "true"');

    const before = await readFile(second, 'utf8');
    await editKubeconfig({}, around(env), (files) => useContext(files, 'b'));
    expect(await readFile(second, 'utf8')).toBe(before);
    expect((await readKubeFiles({}, around(env))).map(({ path }) => path)).toEqual([file, second]);
  });

  it('waits for who holds the lock, so that no change is lost', async () => {
    const change = (name: string): Promise<unknown> =>
      editKubeconfig({ kubeconfig: file }, around(), (files) =>
        files.map((one) => ({ ...one, content: { ...one.content, [name]: name } })),
      );

    await Promise.all(Array.from({ length: 8 }, (_, i) => change(`field${i}`)));

    const text = await readFile(file, 'utf8');
    for (let i = 0; i < 8; i++) expect(text).toContain(`field${i}: field${i}`);
  });

  it('says which lock is in the way when nobody gives it back', async () => {
    await writeFile(`${file}.lock`, '');
    let now = 0;
    const clock = { ...systemClock, monotonic: () => (now += 5_000), sleep: () => Promise.resolve() };

    await expect(
      editKubeconfig({ kubeconfig: file }, { ...around(), clock }, (files) => files),
    ).rejects.toThrow(`${file}.lock is there`);
    expect(await readFile(file, 'utf8')).toBe(TEXT);
  });

  it('leaves a file alone that is no kubeconfig', async () => {
    await writeFile(file, 'kind: Pod\n');

    await expect(
      editKubeconfig({ kubeconfig: file }, around(), (files) => useContext(files, 'x')),
    ).rejects.toThrow(/is not a kubeconfig/);
    expect(await readdir(folder)).toEqual(['config']);
  });
});
