import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { explainDiskFull } from './local-error.ts';
import { ociArchive } from './oci-archive.ts';
import type { ToolPaths } from './toolchain.ts';
import { toolNamed } from './tools.ts';

/** An image that the cluster itself needs: one static program on nothing. */
export interface SystemImage {
  readonly ref: string;
  readonly tool: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** The cluster's own images. They are our builds, so they carry our name and never somebody else's. */
export interface SystemImages {
  readonly pause: SystemImage;
  readonly coredns: SystemImage;
  readonly metricsServer: SystemImage;
}

/** The user without rights that container images have agreed on. */
const NOBODY = '65532:65532';

const image = (tool: string): SystemImage => ({
  ref: `localhost/tenantry/${tool}:${toolNamed(tool).version}`,
  tool,
  config: { Entrypoint: [`/${tool}`], User: NOBODY, Env: ['PATH=/'], WorkingDir: '/' },
});

export const SYSTEM_IMAGES: SystemImages = {
  pause: image('pause'),
  coredns: image('coredns'),
  metricsServer: image('metrics-server'),
};

/** Node's names for processors → those of images. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * The archive of a system image, made from its program unless it was made before. A cached program's folder is named
 * by what it was built from; one found elsewhere is told by its size and time.
 */
export async function systemImageArchive(
  { ref, tool, config }: SystemImage,
  tools: ToolPaths,
  cache: string,
  architecture: string,
): Promise<string> {
  const program = tools.get(tool) ?? tool;
  const { size, mtimeMs } = await stat(program);
  const path = join(cache, `${basename(dirname(program))}-${size}-${Math.round(mtimeMs)}-${tool}.tar`);
  if ((await stat(path).catch(() => undefined)) !== undefined) return path;
  const draft = `${path}.${process.pid}.draft`;
  try {
    await mkdir(cache, { recursive: true });
    const files = [{ path: tool, data: await readFile(program), mode: 0o755 }];
    await writeFile(
      draft,
      ociArchive({ ref, architecture: ARCHITECTURES[architecture] ?? architecture, files, config }),
    );
    await rename(draft, path);
  } catch (error) {
    throw explainDiskFull(error, cache);
  } finally {
    await rm(draft, { force: true });
  }
  return path;
}
