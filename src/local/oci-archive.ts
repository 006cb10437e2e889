import { sha256 } from '../lib/hash.ts';

/** One file of an image made of single programs. */
export interface ImageFile {
  /** Path inside the image, without a leading slash. */
  readonly path: string;
  readonly data: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
}

/** An image of one layer: a few files on nothing. */
export interface ImageContent {
  /** Full reference with its tag, as the cluster will know it. */
  readonly ref: string;
  /** In Go's words: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly files: readonly ImageFile[];
  /** The OCI image configuration's `config` object: Entrypoint, Cmd, Env, User, … */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Nothing in an archive depends on when or where it was made: the same content gives the same digest everywhere. */
const EPOCH = '1970-01-01T00:00:00Z';
const BLOCK = 512;

/** The bytes of an OCI image archive (image-spec 1.1, `oci-layout` in a tar), which containerd imports. */
export function ociArchive(content: ImageContent): Uint8Array {
  const layer = tar(content.files);
  const layerDigest = `sha256:${sha256(layer)}`;
  const config = bytes({
    architecture: content.architecture,
    os: 'linux',
    created: EPOCH,
    config: content.config,
    rootfs: { type: 'layers', diff_ids: [layerDigest] },
    history: [{ created: EPOCH, created_by: 'tenantry' }],
  });
  const manifest = bytes({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor('application/vnd.oci.image.config.v1+json', config),
    // Not compressed: the archive is read once, on the machine where it was made.
    layers: [
      { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layerDigest, size: layer.length },
    ],
  });
  const index = bytes({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        ...descriptor('application/vnd.oci.image.manifest.v1+json', manifest),
        platform: { architecture: content.architecture, os: 'linux' },
        annotations: {
          'io.containerd.image.name': content.ref,
          'org.opencontainers.image.ref.name': content.ref.slice(content.ref.lastIndexOf(':') + 1),
        },
      },
    ],
  });
  const blob = (data: Uint8Array): ImageFile => ({ path: `blobs/sha256/${sha256(data)}`, data, mode: 0o644 });
  return tar([
    { path: 'oci-layout', data: bytes({ imageLayoutVersion: '1.0.0' }), mode: 0o644 },
    { path: 'index.json', data: index, mode: 0o644 },
    blob(config),
    blob(manifest),
    blob(layer),
  ]);
}

function descriptor(
  mediaType: string,
  data: Uint8Array,
): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest: `sha256:${sha256(data)}`, size: data.length };
}

function bytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** A POSIX ustar archive; files belong to root, times are zero. */
function tar(files: readonly ImageFile[]): Uint8Array {
  const parts = files.flatMap((file) => [
    header(file),
    file.data,
    Buffer.alloc((BLOCK - (file.data.length % BLOCK)) % BLOCK),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

/** The longest name that fits a header without extensions. */
const MAX_NAME = 100;

function header({ path, data, mode }: ImageFile): Buffer {
  if (Buffer.byteLength(path) > MAX_NAME) throw new RangeError(`${path}: longer than ${MAX_NAME} bytes`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, length: number): void =>
    void block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset, 'latin1');
  block.write(path, 0, 'utf8');
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(data.length, 124, 12);
  octal(0, 136, 12);
  block.write('        ', 148, 'latin1');
  block.write('0', 156, 'latin1'); // a regular file
  block.write('ustar\x0000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
