import type { Progress } from '../../lib/progress.ts';
import { importArchive, listImages, type ImageStore } from '../containerd-images.ts';
import type { ImageArchive } from './build-images.ts';

/**
 * Imports into a node's containerd what it does not have yet: an image is there if its reference has the archive's
 * digest, so that a new build under an old tag is imported again. One after the other, for the disk is the limit.
 */
export async function importImages(
  store: ImageStore,
  archives: readonly ImageArchive[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const there = await listImages(store);
  for (const archive of archives) {
    await progress.step(`import ${archive.name}`, async (note) => {
      if (there.get(archive.ref) === archive.digest) note('there already');
      else await importArchive(store, archive.path, signal);
    });
  }
}
