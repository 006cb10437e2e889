import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { messageOf } from '../../lib/error-text.ts';
import type { Snapshot } from '../../planes/store/snapshot-file.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import { tellingBeside, withHosting, type KflexFlags } from './hosting-connection.ts';
import { whileControllersRest } from './rest-controllers.ts';

interface RestoreFlags extends KflexFlags {
  readonly from: string;
}

/** What Kubernetes puts before values that it encrypted with a key of the plane. */
const ENCRYPTED = Buffer.from('k8s:enc:');

/** `kflex restore`: has a control plane hold what a snapshot says, and nothing else. */
export function restoreCommand(io: CliIo): Command {
  return new Command('restore')
    .description(
      'Have a control plane hold what a snapshot holds and nothing else; the plane goes on, and whoever watches it is told of each change',
    )
    .argument('<name>', 'name of the control plane')
    .requiredOption(
      '--from <file>',
      'file that `snapshot` wrote, of this plane or another, with whatever backend',
    )
    .action(async (name: string, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<RestoreFlags>();
      await restore(tellingBeside(io, flags), name, flags);
    });
}

async function restore(io: CliIo, name: string, flags: RestoreFlags): Promise<void> {
  const snapshot = await readWhole(resolve(io.cwd, flags.from));
  // Loaded for this alone: what talks to stores is large.
  const { openPlaneStore } = await import('./open-plane-store.ts');
  await withHosting(io, flags, async (hosting) => {
    const { plane, store } = await openPlaneStore(io, hosting, name);
    try {
      const { header, objects } = snapshot;
      if (header.uid !== plane.metadata.uid && objects.some(({ value }) => startsEncrypted(value)))
        throw new UserError(
          `the snapshot is of plane ${header.plane}, and what it holds is encrypted with a key of that plane`,
          'Restore it into that plane, or take one after encryption at rest was turned off there.',
        );
      const done = await io.progress.step(`restoring ${name}`, () =>
        whileControllersRest(io, hosting, plane, () => store.restore(objects)),
      );
      io.out(
        `${name}: ${done.written} objects written, ${done.deleted} deleted; resourceVersion ${done.revision}\n`,
      );
    } finally {
      await store.close();
    }
  });
}

async function readWhole(file: string): Promise<Snapshot> {
  const { readSnapshot } = await import('../../planes/store/snapshot-file.ts');
  try {
    return await readSnapshot(createReadStream(file));
  } catch (error) {
    throw new UserError(`--from ${file}: ${messageOf(error)}`, 'Name a file that `kflex snapshot` wrote.', {
      cause: error,
    });
  }
}

function startsEncrypted(value: Buffer): boolean {
  return value.subarray(0, ENCRYPTED.length).equals(ENCRYPTED);
}
