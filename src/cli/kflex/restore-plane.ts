import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { namespaceOfPlane, type ControlPlane } from '../../api/control-plane.ts';
import { SECRET } from '../../kube/builtin-kinds.ts';
import { messageOf } from '../../lib/error-text.ts';
import { ENCRYPTION_SECRET, ENCRYPTION_STATE, keyNames, readEncryption } from '../../planes/encryption.ts';
import { unreadableKeys } from '../../planes/store/encrypted-values.ts';
import type { Snapshot } from '../../planes/store/snapshot-file.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import { tellingBeside, withHosting, type Hosting, type KflexFlags } from './hosting-connection.ts';
import { whileControllersRest } from './rest-controllers.ts';

interface RestoreFlags extends KflexFlags {
  readonly from: string;
}

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
      const foreign = unreadableKeys(objects, await encryptionKeys(hosting, plane));
      if (foreign.length > 0)
        throw new UserError(
          `the snapshot is of plane ${header.plane}, and Secrets in it are encrypted with a key that ${name} does not have: ${foreign.join(', ')}`,
          'A key belongs to one plane, and goes when another one took its place. Take a snapshot after spec.encryption was taken away there.',
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

/** Names of the keys that Secrets of a plane can be read with. */
async function encryptionKeys({ client }: Hosting, plane: ControlPlane): Promise<readonly string[]> {
  const ref = { namespace: namespaceOfPlane(plane), name: ENCRYPTION_SECRET };
  const text = (await client.find(SECRET, ref))?.data?.[ENCRYPTION_STATE];
  if (text === undefined) return [];
  const state = readEncryption({ [ENCRYPTION_STATE]: Buffer.from(text, 'base64').toString('utf8') });
  return state === undefined ? [] : keyNames(state);
}
