import { Command } from 'commander';
import { nodeBinary } from '../local/images/node-binary.ts';
import { provideTools } from '../local/cluster-options.ts';
import type { KubernetesRelease } from '../local/kubernetes-release.ts';
import { TOOLS } from '../local/tools.ts';
import { UserError, type CliIo } from './cli-io.ts';
import { NO_COLORS } from './colors.ts';
import { kubernetesVersion } from './kubernetes-version-option.ts';
import { architecture, imageOptions, localOptions } from './local-options.ts';
import { terminalProgress } from './terminal-progress.ts';

/**
 * `tenantry tool`: the path of a program of the tool chain, built or fetched if needed. Only the path goes to the output, so
 * that `$(tenantry tool kubectl)` works the first time too; what is built is told on the other stream.
 */
export function toolCommand(io: CliIo): Command {
  return new Command('tool')
    .description('Print the path of a tool, building it if needed: kubectl, helm, node, …')
    .argument('<name>', ['node', ...TOOLS.map((tool) => tool.name)].join(', '))
    .addOption(kubernetesVersion())
    .action(async (name: string, flags: { kubernetesVersion?: KubernetesRelease }) => {
      const aside = { ...io, progress: terminalProgress(io.err, io.clock, NO_COLORS) };
      io.out(`${await toolPath(aside, name, flags.kubernetesVersion)}\n`);
    });
}

/** Path of a tool; throws UserError for a name that there is not. */
export async function toolPath(io: CliIo, name: string, release?: KubernetesRelease): Promise<string> {
  if (name === 'node') {
    const { cacheDir, env, run } = imageOptions(io);
    return nodeBinary({ arch: architecture(), cacheDir, run, env, signal: io.signal });
  }
  if (!TOOLS.some((tool) => tool.name === name))
    throw new UserError(
      `there is no tool called ${name}`,
      `Tools: node, ${TOOLS.map((tool) => tool.name).join(', ')}.`,
    );
  const path = (await provideTools([name], localOptions(io), release)).get(name);
  if (path === undefined)
    throw new UserError(`${name} was not built`, 'Run it again and read the messages above.');
  return path;
}
