import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ociArchive, type ImageContent } from './oci-archive.ts';

const content: ImageContent = {
  ref: 'localhost/tenantry/x:1',
  architecture: 'amd64',
  files: [
    { path: 'x', data: Buffer.from('#!program'), mode: 0o755 },
    { path: 'etc/full', data: Buffer.alloc(1024, 7), mode: 0o644 },
  ],
  config: { Entrypoint: ['/x'] },
};

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

describe('ociArchive', () => {
  it('is a tar that tar reads, whose digests and sizes are true down to the files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'oci-'));
    try {
      writeFileSync(join(folder, 'a.tar'), ociArchive(content));
      expect(spawnSync('tar', ['-xf', 'a.tar'], { cwd: folder }).status).toBe(0);
      const json = (path: string): Record<string, unknown> =>
        JSON.parse(readFileSync(join(folder, path), 'utf8'));
      const blob = ({ digest, size }: Descriptor): string => {
        const path = `blobs/${digest.replace(':', '/')}`;
        const data = readFileSync(join(folder, path));
        expect(data.length).toBe(size);
        expect(`sha256:${createHash('sha256').update(data).digest('hex')}`).toBe(digest);
        return path;
      };

      const [entry] = json('index.json')['manifests'] as [
        Descriptor & { annotations: Record<string, string> },
      ];
      expect(entry.annotations['io.containerd.image.name']).toBe('localhost/tenantry/x:1');
      const manifest = json(blob(entry)) as unknown as { config: Descriptor; layers: [Descriptor] };
      const config = json(blob(manifest.config)) as unknown as {
        rootfs: { diff_ids: string[] };
        config: unknown;
      };
      expect(config.rootfs.diff_ids).toEqual([manifest.layers[0].digest]);
      expect(config.config).toEqual({ Entrypoint: ['/x'] });
      const listed = spawnSync('tar', ['-tvf', blob(manifest.layers[0])], {
        cwd: folder,
        encoding: 'utf8',
      }).stdout;
      expect(listed).toMatch(/^-rwxr-xr-x 0\/0 +9 1970-01-01 00:00 x\n-rw-r--r-- 0\/0 +1024 .* etc\/full\n$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('gives the same bytes for the same content', () => {
    expect(Buffer.compare(ociArchive(content), ociArchive(content))).toBe(0);
  });

  it('refuses a name that would be cut off', () => {
    const files = [{ path: 'x'.repeat(101), data: Buffer.alloc(0), mode: 0o644 }];

    expect(() => ociArchive({ ...content, files })).toThrow(/longer than 100/);
  });
});
