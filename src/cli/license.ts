import { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Client } from '../client/client.ts';
import type { Licensed } from '../features/application/license.ts';
import { UserError, type CliIo } from './cli-io.ts';
import { withClient } from './connect.ts';
import { formatTable } from './table.ts';

interface Flags {
  readonly kubeconfig?: string;
  readonly expiry?: string;
  readonly appinstances?: string;
}

/** `tenantry license …`, also `kubectl license …`: how many instances of a kind may be made, and until when. */
export function licenseCommand(io: CliIo): Command {
  return new Command('license')
    .description('Licences of services: how many instances, and until when')
    .addCommand(
      kindCommand('create', 'Allow instances of a service by a licence')
        .argument('<file>', 'licence file, kept as it is')
        .option('-e, --expiry <date>', 'last day on which instances may be made: MM/DD/YYYY')
        .option('-n, --appinstances <number>', 'instances that there may be')
        .action((kind: string, file: string, flags: Flags) => create(io, kind, file, flags)),
    )
    .addCommand(
      kindCommand('get', 'Show the licence of a service').action((kind: string, flags: Flags) =>
        withLicensed(io, kind, flags, async (client, licensed) => {
          const { licenseRow } = await import('../features/application/license.ts');
          const row = await licenseRow(client, licensed);
          if (row === undefined) throw notFound(kind);
          io.out(formatTable(['EXPIRY', 'ALLOWED_INSTANCES', 'LICENSE_FILE'], [row]));
        }),
      ),
    )
    .addCommand(
      kindCommand('delete', 'Take the licence of a service away: then there is no limit').action(
        (kind: string, flags: Flags) =>
          withLicensed(io, kind, flags, async (client, licensed) => {
            const { deleteLicense } = await import('../features/application/license.ts');
            if (!(await deleteLicense(client, licensed))) throw notFound(kind);
            io.out(`License for Kind ${kind} deleted.\n`);
          }),
      ),
    );
}

function kindCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument('<kind>', 'kind of the service')
    .option('-k, --kubeconfig <file>', 'kubeconfig to use');
}

const notFound = (kind: string): UserError =>
  new UserError(
    `License for Kind ${kind} not found.`,
    'A service without licence has no limit; `kubectl license create` makes one.',
  );

async function create(io: CliIo, kind: string, file: string, flags: Flags): Promise<void> {
  const { annotationsOf, createLicense } = await import('../features/application/license.ts');
  const annotations = annotationsOf({ expiry: flags.expiry, instances: flags.appinstances });
  const text = await readFile(resolve(io.cwd, file), 'utf8').catch((error: unknown) => {
    throw new UserError(`License file ${file} does not exist.`, 'Name a file that can be read.', {
      cause: error,
    });
  });
  await withLicensed(io, kind, flags, async (client, licensed) => {
    if (!(await createLicense(client, licensed, annotations, text)))
      throw new UserError(
        `License for Kind ${kind} already exists.`,
        `It stays as it is: kubectl license delete ${kind}, then create it anew.`,
      );
    io.out(`License for Kind ${kind} created.\n`);
  });
}

async function withLicensed(
  io: CliIo,
  kind: string,
  flags: Flags,
  work: (client: Client, licensed: Licensed) => Promise<void>,
): Promise<void> {
  const { findLicensed } = await import('../features/application/license.ts');
  await withClient(io, flags, async ({ client, discovery, namespace }) =>
    work(client, await findLicensed(client, await discovery.resources(), kind, namespace)),
  );
}
