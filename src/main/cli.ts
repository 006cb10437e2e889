import { CommanderError, type Command } from 'commander';
import process from 'node:process';
import { CommandEnd, type CliIo } from '../cli/cli-io.ts';
import { colorsFor } from '../cli/colors.ts';
import { explainError } from '../cli/explain-error.ts';
import { translateWords, typedName } from '../cli/plugins.ts';
import { helpAs, helpHint, programWords } from '../cli/program-names.ts';
import { terminalProgress } from '../cli/terminal-progress.ts';
import { WrongOption } from '../lib/wrong-option.ts';
import { systemClock } from '../lib/clock.ts';

/** A command by name; loaded only when it is the one asked for (or when all are listed for `--help`). */
interface LazyCommand {
  readonly name: string;
  readonly load: () => Promise<(io: CliIo) => Command>;
}

/** Every command, in the order in which they are listed. */
export const COMMANDS: readonly LazyCommand[] = [
  { name: 'quickstart', load: async () => (await import('../cli/quickstart.ts')).quickstartCommand },
  { name: 'install', load: async () => (await import('../cli/install.ts')).installCommand },
  { name: 'uninstall', load: async () => (await import('../cli/uninstall.ts')).uninstallCommand },
  { name: 'status', load: async () => (await import('../cli/status.ts')).statusCommand },
  { name: 'tenant', load: async () => (await import('../cli/tenant.ts')).tenantCommand },
  { name: 'history', load: async () => (await import('../cli/rollback.ts')).historyCommand },
  { name: 'rollback', load: async () => (await import('../cli/rollback.ts')).rollbackCommand },
  { name: 'doctor', load: async () => (await import('../cli/doctor.ts')).doctorCommand },
  { name: 'adopt', load: async () => (await import('../cli/adopt.ts')).adoptReleaseCommand },
  { name: 'app', load: async () => (await import('../cli/app.ts')).appCommand },
  { name: 'isolation', load: async () => (await import('../cli/isolation.ts')).isolationCommand },
  {
    name: 'connections',
    load: async () => (await import('../cli/connections.ts')).connectionsCommand,
  },
  { name: 'console', load: async () => (await import('./console.ts')).consoleCommand },
  { name: 'man', load: async () => (await import('../cli/man.ts')).manCommand },
  { name: 'license', load: async () => (await import('../cli/license.ts')).licenseCommand },
  { name: 'traffic', load: async () => (await import('../cli/traffic.ts')).trafficCommand },
  { name: 'plugins', load: async () => (await import('../cli/plugins-command.ts')).pluginsCommand },
  { name: 'completion', load: async () => (await import('../cli/completion.ts')).completionCommand },
  {
    name: 'provider-kubeconfig',
    load: async () => (await import('../cli/provider-kubeconfig.ts')).providerKubeconfigCommand,
  },
  {
    name: 'grantpermission',
    load: async () => (await import('../cli/grant-permission.ts')).grantPermissionCommand,
  },
  { name: 'show', load: async () => (await import('../cli/show-permissions.ts')).showCommand },
  { name: 'retrieve', load: async () => (await import('../cli/retrieve-kubeconfig.ts')).retrieveCommand },
  {
    name: 'controlplane',
    load: async () => (await import('../cli/kflex/kflex-command.ts')).controlPlaneCommand,
  },
  {
    name: 'vcluster',
    load: async () => (await import('../cli/vcluster/vcluster-command.ts')).vclusterCommand,
  },
  { name: 'chart', load: async () => (await import('../cli/chart.ts')).chartCommand },
  { name: 'cluster', load: async () => (await import('../cli/cluster.ts')).clusterCommand },
  { name: 'version', load: async () => (await import('../cli/version.ts')).versionCommand },
  { name: 'tool', load: async () => (await import('../cli/tool.ts')).toolCommand },
  {
    name: 'release-instances',
    load: async () => (await import('../cli/release-instances.ts')).releaseInstancesCommand,
  },
];

/** Runs the command line; sets the exit code: 0 done, 1 failed, 2 wrong words. */
export async function runCli(program: string, args: readonly string[]): Promise<void> {
  const io = processIo();
  try {
    const words = programWords(program, args) ?? translateWords(program, args);
    if (words[0] === '__complete') return await answerCompletion(io, words.slice(1));
    const root = await rootCommand(io, words[0]);
    const typed = typedName(program);
    // Who typed a plug-in is told how to type it, at once.
    if (typed !== undefined) forEachCommand(root, (command) => asPlugin(command, typed));
    if (programWords(program, []) !== undefined) forEachCommand(root, (command) => helpAs(command, program));
    await root.parseAsync(words, { from: 'user' });
  } catch (error) {
    process.exitCode = report(io, error);
  }
}

async function rootCommand(io: CliIo, first: string | undefined): Promise<Command> {
  const { Command } = await import('commander');
  const root = new Command('tenantry')
    .description('Any Helm chart as a multi-tenant service on Kubernetes')
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err });
  const wanted = COMMANDS.filter((command) => command.name === first);
  for (const { load } of wanted.length > 0 ? wanted : COMMANDS) {
    const command = (await load())(io);
    root.addCommand(inheritSettings(root, command), { hidden: isHidden(command) });
  }
  forEachCommand(root, (command) => command.showHelpAfterError(helpHint(command)));
  return root;
}

/** What a shell asks for while a line is typed: see `cli/completion.ts`. */
async function answerCompletion(io: CliIo, words: readonly string[]): Promise<void> {
  const { printCompletions } = await import('../cli/complete-words.ts');
  await printCompletions(io, await rootCommand(io, words.length > 1 ? words[0] : undefined), words);
}

function asPlugin(command: Command, typed: string): void {
  command.showHelpAfterError(true).configureHelp({ commandUsage: (asked) => `${typed} ${asked.usage()}` });
}

function forEachCommand(command: Command, work: (command: Command) => void): void {
  work(command);
  for (const child of command.commands) forEachCommand(child, work);
}

/** Commands that other programs call: listed by nobody, documented where they stand. */
function isHidden(command: Command): boolean {
  return command.name() === 'release-instances';
}

/** Commander copies settings only to commands it makes itself; ours come from files. */
function inheritSettings(parent: Command, command: Command): Command {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inheritSettings(command, child);
  return command;
}

function report(io: CliIo, error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CommandEnd) return error.code;
  const { message, remedy } = explainError(error);
  io.err(`error: ${message}\n  ${remedy}\n`);
  if (io.env['TENANTRY_DEBUG'] === '1' && error instanceof Error) io.err(`${error.stack ?? ''}\n`);
  return error instanceof WrongOption ? 2 : 1;
}

async function askAtTerminal(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

/** The only place of the command line that touches the process. */
function processIo(): CliIo {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  // Who reads has seen enough: `kubectl applogs … | head`. Anything else that goes wrong there is told as before.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  const out = (text: string): void => void process.stdout.write(text);
  const colors = colorsFor(process.stdout, process.env);
  return {
    out,
    colors,
    err: (text) => void process.stderr.write(text),
    env: process.env,
    cwd: process.cwd(),
    clock: systemClock,
    progress: terminalProgress(out, systemClock, colors),
    self: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
    signal: stop.signal,
    ...(process.stdin.isTTY ? { ask: askAtTerminal } : {}),
  };
}
