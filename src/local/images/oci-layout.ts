import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256 } from '../../lib/hash.ts';

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/** The parts of an image manifest (OCI image spec) that an archive needs. */
const Manifest = z.object({
  mediaType: z.literal(OCI_MANIFEST),
  config: z.object({ digest: z.string() }),
  layers: z.array(z.object({ digest: z.string(), size: z.number() })),
});

/**
 * The `index.json` of an archive with one image. containerd names what it imports by the first annotation, podman and
 * skopeo by the second.
 */
export function ociIndex(manifest: string, ref: string, arch: string): string {
  return JSON.stringify({
    schemaVersion: 2,
    manifests: [
      {
        mediaType: OCI_MANIFEST,
        digest: `sha256:${sha256(manifest)}`,
        size: Buffer.byteLength(manifest),
        platform: { architecture: arch, os: 'linux' },
        annotations: { 'io.containerd.image.name': ref, 'org.opencontainers.image.ref.name': ref },
      },
    ],
  });
}

/**
 * Turns a folder as `buildah push dir:` writes it (manifest.json beside blobs named by their digests) into an OCI
 * image layout. Answers the manifest's digest, `sha256:…`: what containerd knows the image by.
 */
export async function toOciLayout(folder: string, ref: string, arch: string): Promise<string> {
  const text = await readFile(join(folder, 'manifest.json'), 'utf8');
  const manifest = Manifest.parse(JSON.parse(text));
  const blobs = join(folder, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const digests = new Set([manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)]);
  for (const digest of digests) {
    const name = digest.replace(/^sha256:/, '');
    await rename(join(folder, name), join(blobs, name));
  }
  const digest = sha256(text);
  await rename(join(folder, 'manifest.json'), join(blobs, digest));
  await rm(join(folder, 'version'), { force: true });
  await writeFile(join(folder, 'index.json'), ociIndex(text, ref, arch));
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return `sha256:${digest}`;
}
