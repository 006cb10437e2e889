import { describe, expect, it } from 'vitest';
import { buildArgs, exportArgs, storeArgs, type BuildahStore } from './buildah.ts';

const store: BuildahStore = { root: '/c/storage', runRoot: '/run/x', driver: 'overlay' };

describe('buildArgs', () => {
  const args = buildArgs(store, {
    ref: 'localhost/tenantry/mariadb:0123',
    containerfile: '/r/tools/images/mariadb/Containerfile',
    context: '/r/tools/images/mariadb',
    args: { BASE_IMAGE: 'localhost/tenantry/debian:4567' },
    mounts: [{ from: '/c/lists', at: '/var/lib/apt/lists' }],
  });

  it('names the store before the command, where buildah wants it', () => {
    expect(args.slice(0, 7)).toEqual([...storeArgs(store), 'build']);
  });

  it('never pulls and needs no container runtime', () => {
    expect(args).toContain('--pull-never');
    expect(args).toContain('--isolation=chroot');
  });

  it('passes arguments and mounts and ends with the context', () => {
    expect(args).toContain('--build-arg=BASE_IMAGE=localhost/tenantry/debian:4567');
    expect(args).toContain('--volume=/c/lists:/var/lib/apt/lists');
    expect(args.at(-1)).toBe('/r/tools/images/mariadb');
  });
});

describe('exportArgs', () => {
  it('writes plain files, uncompressed', () => {
    const args = exportArgs(store, 'localhost/tenantry/node:1', '/c/out');

    expect(args.at(-1)).toBe('dir:/c/out');
    expect(args).toContain('--disable-compression');
  });
});
