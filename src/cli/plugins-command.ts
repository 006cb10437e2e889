import { Command } from 'commander';
import { delimiter, join, resolve } from 'node:path';
import { UserError, type CliIo } from './cli-io.ts';
import { describePlugins, PLUGINS } from './plugins.ts';

/** `tenantry plugins …`: kubectl's plug-ins. */
export function pluginsCommand(io: CliIo): Command {
  return new Command('plugins')
    .description('kubectl’s plug-ins: kubectl appresources, connections, man, …')
    .addCommand(
      new Command('list')
        .description('List the plug-ins, as kubectl kubeplus commands does')
        .action(() => io.out(describePlugins(PLUGINS))),
    )
    .addCommand(installCommand(io));
}

function installCommand(io: CliIo): Command {
  return new Command('install')
    .description('Make the plug-ins: links to this program that kubectl finds on PATH')
    .option('--dir <folder>', 'where to (default: ~/.local/bin)')
    .action(async ({ dir }: { readonly dir?: string }) => {
      const { linkPlugins } = await import('./link-plugins.ts');
      const folder = resolve(io.cwd, dir ?? join(io.env['HOME'] ?? '.', '.local', 'bin'));
      const program = io.self?.at(-1);
      if (program === undefined || program === '')
        throw new UserError(
          'this program does not know where it is',
          'Start it by its file: dist/tenantry.mjs.',
        );
      const made = await linkPlugins(folder, program);
      io.out(`${made} plug-ins are in ${folder}\n`);
      const path = (io.env['PATH'] ?? '').split(delimiter).map((one) => resolve(io.cwd, one));
      if (!path.includes(folder))
        io.out(`kubectl finds them once PATH has it: export PATH=${folder}:$PATH\n`);
      io.out('kubectl kubeplus commands lists them.\n');
    });
}
