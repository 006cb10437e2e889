import { Command, Option } from 'commander';
import { CONTROL_PLANE } from '../../api/control-plane.ts';
import { KubeconfigError } from '../../client/kubeconfig-error.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { CliIo } from '../cli-io.ts';
import { withClient } from '../connect.ts';
import { hostingContext, setHosting } from './contexts.ts';
import { diagnose } from './diagnose.ts';
import { editKubeconfig, readKubeFiles } from './edit-kubeconfig.ts';
import { HOSTING_CONTEXT } from './extension.ts';
import { filesAround, type KflexFlags } from './hosting-connection.ts';

/** `kflex config`: which context is the hosting cluster's, and whether everything leads where it says. */
export function configCommand(io: CliIo): Command {
  return new Command('config')
    .description("Look after KubeFlex's part of the kubeconfig")
    .addCommand(setHostingCommand(io))
    .addCommand(diagnoseCommand(io));
}

function setHostingCommand(io: CliIo): Command {
  return new Command('set-hosting')
    .description('Say which context is that of the hosting cluster')
    .argument('<context>', 'its name')
    .action(async (context: string, _flags: unknown, self: Command) => {
      const { kubeconfig } = self.optsWithGlobals<KflexFlags>();
      await editKubeconfig({ kubeconfig }, filesAround(io), (files) =>
        setHosting(files, context, io.clock.now()),
      );
      io.out(`The hosting cluster is that of context "${context}".\n`);
    });
}

interface DiagnoseFlags extends KflexFlags {
  readonly json?: boolean;
  readonly output?: 'json';
}

function diagnoseCommand(io: CliIo): Command {
  return new Command('diagnose')
    .description("Check KubeFlex's part of the kubeconfig; nothing is changed")
    .option('-j, --json', 'in the form of JSON')
    .addOption(new Option('-o, --output <form>', 'the same').choices(['json']))
    .action(async (_flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<DiagnoseFlags>();
      const files = await readKubeFiles(flags, filesAround(io));
      const found = diagnose(files, await planesThere(io, flags, hostingContext(files)));
      if (flags.json === true || flags.output === 'json') {
        io.out(`${JSON.stringify(found, null, 2)}\n`);
        return;
      }
      const hosting = found.data?.[HOSTING_CONTEXT];
      io.out(`Status: ${found.status}\nMessage: ${found.message}\n`);
      if (hosting !== undefined) io.out(`Hosting Cluster Context: ${hosting}\n`);
      for (const finding of found.findings) io.out(`- ${finding}\n`);
    });
}

/** The control planes, where the hosting cluster answers: a kubeconfig is looked at without it as well. */
async function planesThere(
  io: CliIo,
  { kubeconfig }: KflexFlags,
  context: string | undefined,
): Promise<readonly string[] | undefined> {
  if (context === undefined) return undefined;
  try {
    return await withClient(io, { kubeconfig, context }, async ({ client }) => {
      const { items } = await client.list(CONTROL_PLANE);
      return items.map(({ metadata }) => metadata.name);
    });
  } catch (error) {
    if (isKubeError(error) || error instanceof KubeconfigError) return undefined;
    throw error;
  }
}
