import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import type { CliIo } from '../cli-io.ts';
import { tellingBeside, withHosting, type KflexFlags } from './hosting-connection.ts';

interface SnapshotFlags extends KflexFlags {
  readonly out?: string;
}

/** `kflex snapshot`: everything that a control plane holds, in one file. */
export function snapshotCommand(io: CliIo): Command {
  return new Command('snapshot')
    .description(
      'Write everything that a control plane holds into a file, as of one moment; the plane goes on. The file holds Secrets',
    )
    .argument('<name>', 'name of the control plane')
    .option('-o, --out <file>', 'file to write (default: NAME-RESOURCEVERSION.snapshot)')
    .action(async (name: string, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<SnapshotFlags>();
      await snapshot(tellingBeside(io, flags), name, flags);
    });
}

async function snapshot(io: CliIo, name: string, flags: SnapshotFlags): Promise<void> {
  const { writeSnapshot } = await import('../../planes/store/snapshot-file.ts');
  // Loaded for this alone: what talks to stores is large.
  const { openPlaneStore } = await import('./open-plane-store.ts');
  await withHosting(io, flags, async (hosting) => {
    const { plane, store } = await openPlaneStore(io, hosting, name);
    try {
      const { revision, pages } = await store.read();
      const file = resolve(io.cwd, flags.out ?? `${name}-${revision}.snapshot`);
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
  });
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
