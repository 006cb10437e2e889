import { Help, type Command } from 'commander';

/** Other programs that this one is, too, by the name of the link that starts it: the command that stands for each. */
const PROGRAMS: Readonly<Record<string, string>> = {
  kflex: 'controlplane',
  vcluster: 'vcluster',
};

/** The words of our own command line for what was typed under another program's name; undefined: it is no such name. */
export function programWords(program: string, words: readonly string[]): readonly string[] | undefined {
  const command = Object.hasOwn(PROGRAMS, program) ? PROGRAMS[program] : undefined;
  if (command === undefined) return undefined;
  // What a shell asks while a line is typed is about that command.
  const [first, ...rest] = words;
  return first === '__complete' ? [first, command, ...rest] : [command, ...words];
}

/** Has a command's help, and what is said of wrong words, name what was typed: `kflex create`, not `tenantry controlplane create`. */
export function helpAs(command: Command, program: string): void {
  const ours = `tenantry ${PROGRAMS[program] ?? ''}`;
  const typed = (text: string): string => text.replace(ours, program);
  command
    .configureHelp({ commandUsage: (asked) => typed(new Help().commandUsage(asked)) })
    .showHelpAfterError(typed(helpHint(command)));
}

/** Where those who mistyped find what there is: at the very command that they typed. */
export function helpHint(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return `(${names.join(' ')} --help lists what there is)`;
}
