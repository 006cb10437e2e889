import type { Progress } from '../../lib/progress.ts';
import { LocalError } from '../local-error.ts';
import { lastLines, type Finished } from '../run.ts';
import type { ImageArchive } from './build-images.ts';

/** Runs containerd's `ctr` against a node's containerd; arguments begin with the command, e.g. `images`. */
export type Ctr = (args: readonly string[]) => Promise<Finished>;

/** containerd's namespace of Kubernetes' images and containers. */
const NAMESPACE = ['--namespace', 'k8s.io'];

/** Manifest digests by reference, out of what `ctr images ls` prints. */
export function importedDigests(listing: string): ReadonlyMap<string, string> {
  const digests = new Map<string, string>();
  for (const line of listing.split('\n')) {
    const digest = /\bsha256:[0-9a-f]{64}\b/.exec(line.slice(line.indexOf(' ')))?.[0];
    const ref = line.split(/\s+/, 1)[0];
    if (digest !== undefined && ref) digests.set(ref, digest);
  }
  return digests;
}

/** Imports what the node does not have yet: an image is there if its reference has the archive's digest. */
export async function importImages(
  ctr: Ctr,
  archives: readonly ImageArchive[],
  progress: Progress,
): Promise<void> {
  const listing = await ctr([...NAMESPACE, 'images', 'ls']);
  if (listing.code !== 0) throw failed('list images', listing);
  const there = importedDigests(listing.stdout);
  for (const archive of archives) {
    await progress.step(`import ${archive.name}`, async (note) => {
      if (there.get(archive.ref) === archive.digest) {
        note('there already');
        return;
      }
      const done = await ctr([...NAMESPACE, 'images', 'import', archive.path]);
      if (done.code !== 0) throw failed(`import ${archive.path}`, done);
    });
  }
}

function failed(what: string, done: Finished): LocalError {
  return new LocalError(
    `containerd could not ${what}: ${lastLines(done.stderr, 3)}`,
    'Look whether the cluster is up (tenantry cluster status) and the disk has space.',
  );
}
