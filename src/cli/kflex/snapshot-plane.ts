import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { CONTROL_PLANE, type ControlPlane } from '../../api/control-plane.ts';
import { messageOf } from '../../lib/error-text.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import { tellingBeside, withHosting, type Hosting, type KflexFlags } from './hosting-connection.ts';
import { forgetSnapshots, snapshotFile, snapshotFolder } from './keep-snapshots.ts';

interface SnapshotFlags extends KflexFlags {
  readonly out?: string;
  readonly all?: boolean;
  readonly folder?: string;
  readonly keep?: string;
}

/** `kflex snapshot`: everything that a control plane holds, in one file; or each of all planes in one. */
export function snapshotCommand(io: CliIo): Command {
  return new Command('snapshot')
    .description(
      'Write everything that a control plane holds into a file, as of one moment; the plane goes on. The file holds Secrets',
    )
    .argument('[name]', 'name of the control plane')
    .option('-o, --out <file>', 'file to write (default: NAME-RESOURCEVERSION.snapshot)')
    .option('--all', 'every control plane that has a store and is awake, a file each, into --folder')
    .option('--folder <folder>', 'with --all: where the files go, in a folder for each plane')
    .option('--keep <number>', 'with --all: snapshots that are kept of each plane; older ones are removed')
    .action(async (name: string | undefined, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<SnapshotFlags>();
      const telling = tellingBeside(io, flags);
      if (flags.all === true) return snapshotAll(telling, flags, name);
      if (name === undefined || flags.folder !== undefined || flags.keep !== undefined)
        throw new UserError(
          'what to take a snapshot of is not clear',
          'Name a control plane, with --out; or --all, with --folder and --keep.',
        );
      await withHosting(telling, flags, async (hosting) => {
        await snapshot(telling, hosting, name, (revision) =>
          Promise.resolve(resolve(io.cwd, flags.out ?? `${name}-${revision}.snapshot`)),
        );
      });
    });
}

/** One after the other; one that fails keeps no other from being taken, and none of its older ones goes. */
async function snapshotAll(io: CliIo, flags: SnapshotFlags, name: string | undefined): Promise<void> {
  const keep = flags.keep === undefined ? Infinity : Number(flags.keep);
  if (name !== undefined || flags.out !== undefined || flags.folder === undefined)
    throw new UserError('--all takes --folder, and neither a name nor --out', 'Say where the files go.');
  if (keep !== Infinity && (!Number.isInteger(keep) || keep < 1))
    throw new UserError(`--keep ${flags.keep ?? ''} is no number of snapshots`, 'Take 1 or more.');
  const base = resolve(io.cwd, flags.folder);
  const failed: string[] = [];
  await withHosting(io, flags, async (hosting) => {
    const { items } = await hosting.client.list(CONTROL_PLANE);
    for (const { metadata } of items.filter(hasStore)) {
      const folder = snapshotFolder(base, metadata.name, metadata.uid ?? '');
      try {
        await snapshot(io, hosting, metadata.name, () => snapshotFile(folder, io.clock.now()));
        if (keep !== Infinity) await forgetSnapshots(folder, keep);
      } catch (error) {
        if (io.signal.aborted) throw error;
        failed.push(`${metadata.name}: ${messageOf(error)}`);
      }
    }
  });
  if (failed.length > 0)
    throw new UserError(
      `no snapshot was taken of ${failed.join('; ')}`,
      'The other planes have theirs. Look whether these are Ready, and do it again.',
    );
}

/** Whether there is something to take: others are clusters of their own, or nobody answers who could. */
function hasStore({ spec }: ControlPlane): boolean {
  return (spec.type === 'k8s' || spec.type === 'vcluster') && spec.hibernate !== true;
}

async function snapshot(
  io: CliIo,
  hosting: Hosting,
  name: string,
  fileFor: (revision: number) => Promise<string>,
): Promise<void> {
  const { writeSnapshot } = await import('../../planes/store/snapshot-file.ts');
  // Loaded for this alone: what talks to stores is large.
  const { openPlaneStore } = await import('./open-plane-store.ts');
  const { plane, store } = await openPlaneStore(io, hosting, name);
  try {
    const { revision, pages } = await store.read();
    const file = await fileFor(revision);
    const header = {
      plane: name,
      uid: plane.metadata.uid ?? '',
      revision,
      takenAt: new Date(io.clock.now()).toISOString(),
    };
    let objects = 0;
    async function* counted() {
      for await (const page of pages) {
        objects += page.length;
        yield page;
      }
    }
    await io.progress.step(`snapshot of ${name}`, () =>
      writeWhole(file, writeSnapshot(header, counted()), io.signal),
    );
    io.out(`${file}: ${objects} objects at resourceVersion ${revision}\n`);
  } finally {
    await store.close();
  }
}

/** A file of this name is a whole one, whenever it is looked at. For the owner alone: there are Secrets in it. */
async function writeWhole(file: string, bytes: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
  const aside = `${file}.part`;
  try {
    await pipeline(bytes, createWriteStream(aside, { mode: 0o600 }), { signal });
    await rename(aside, file);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}
