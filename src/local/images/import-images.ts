import type { Progress } from '../../lib/progress.ts';
import { importArchive, listImages, type ImageStore } from '../containerd-images.ts';
import { publishImages } from '../image-registry.ts';
import type { ImageArchive } from './build-images.ts';

/**
 * Imports into each node's containerd what it does not have yet: an image is there if its reference has the archive's
 * digest, so that a new build under an old tag is imported again. One after the other, for the disk is the limit.
 */
export async function importImages(
  stores: readonly ImageStore[],
  archives: readonly ImageArchive[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const there = await Promise.all(stores.map((store) => listImages(store)));
  for (const archive of archives) {
    await progress.step(`import ${archive.name}`, async (note) => {
      const lacking = stores.filter((_store, index) => there[index]?.get(archive.ref) !== archive.digest);
      if (lacking.length === 0) note('there already');
      for (const store of lacking) await importArchive(store, archive.path, signal);
    });
  }
  await publishImages(stores);
}
