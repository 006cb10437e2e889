import { describe, expect, it } from 'vitest';
import { silentProgress } from '../../lib/progress.ts';
import { importedDigests, importImages } from './import-images.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const other = `sha256:${'cd'.repeat(32)}`;
const listing = `REF                             TYPE                                       DIGEST     SIZE      PLATFORMS   LABELS
localhost/tenantry/mariadb:10.11 application/vnd.oci.image.manifest.v1+json ${digest} 182.3 MiB linux/amd64 io.cri-containerd.image=managed
${other} application/vnd.oci.image.manifest.v1+json ${other} 1 KiB linux/amd64 -
`;

describe('importedDigests', () => {
  it('reads reference and digest of each line', () => {
    expect([...importedDigests(listing)]).toEqual([
      ['localhost/tenantry/mariadb:10.11', digest],
      [other, other],
    ]);
  });
});

describe('importImages', () => {
  const archive = { name: 'mariadb', ref: 'localhost/tenantry/mariadb:10.11', path: '/c/mariadb.tar' };
  const calls = async (archiveDigest: string, code = 0): Promise<readonly string[]> => {
    const seen: string[] = [];
    await importImages(
      async (args) => {
        const command = args.join(' ');
        seen.push(command);
        return { code: command.includes('import') ? code : 0, stdout: listing, stderr: 'no space' };
      },
      [{ ...archive, digest: archiveDigest }],
      silentProgress,
    );
    return seen;
  };

  it('leaves alone what is there with the same digest', async () => {
    expect(await calls(digest)).toEqual(['--namespace k8s.io images ls']);
  });

  it('imports again what has changed under the same reference', async () => {
    expect((await calls(other)).at(-1)).toBe('--namespace k8s.io images import /c/mariadb.tar');
  });

  it('tells what containerd said', async () => {
    await expect(calls(other, 1)).rejects.toThrow(/could not import \/c\/mariadb.tar: no space/);
  });
});
