import type { Argument, Command, Option } from 'commander';
import type { CliIo } from './cli-io.ts';

/** A word that fits, and what it is. */
export interface Suggestion {
  readonly word: string;
  readonly about: string;
}

/** Words that fit; `files` says that names of files may stand there, too. */
interface Answer {
  readonly suggestions: readonly Suggestion[];
  readonly files: boolean;
}

/** Answers which words a cluster knows for an argument called so, after these arguments. */
export type Ask = (
  argument: string,
  before: readonly string[],
  kubeconfig: string | undefined,
) => Promise<readonly Suggestion[]>;

/** Prints what a shell may offer for the last of the words, in the form of `completion.ts`. Never fails: a shell shows nothing then. */
export async function printCompletions(io: CliIo, root: Command, words: readonly string[]): Promise<void> {
  const { askCluster } = await import('./complete-names.ts');
  const { suggestions, files } = await completeWords(root, words, askCluster(io));
  for (const { word, about } of suggestions) io.out(about === '' ? `${word}\n` : `${word}\t${about}\n`);
  io.out(files ? ':0\n' : ':4\n');
}

/** What fits in the place of the last word, which may be empty. */
export async function completeWords(root: Command, words: readonly string[], ask: Ask): Promise<Answer> {
  const place = walk(root, words.slice(0, -1));
  const last = words.at(-1) ?? '';
  const { suggestions, files } = await offers(place, last, ask);
  return { suggestions: suggestions.filter(({ word }) => word.startsWith(last)), files };
}

/** Where the typed words have led to. */
interface Place {
  readonly command: Command;
  /** Arguments that were given to it. */
  readonly given: readonly string[];
  /** The option whose value comes next. */
  readonly option: Option | undefined;
  readonly kubeconfig: string | undefined;
}

function walk(root: Command, words: readonly string[]): Place {
  let place: Place = { command: root, given: [], option: undefined, kubeconfig: undefined };
  for (const word of words) {
    const { command, given, option, kubeconfig } = place;
    if (option !== undefined) {
      const isKubeconfig = option.attributeName() === 'kubeconfig';
      place = { ...place, option: undefined, kubeconfig: isKubeconfig ? word : kubeconfig };
      continue;
    }
    if (word.startsWith('-')) {
      const named = command.options.find(({ long, short }) => word === long || word === short);
      place = { ...place, option: named?.required === true ? named : undefined };
      continue;
    }
    const next = command.commands.find((one) => one.name() === word);
    place =
      next === undefined ? { ...place, given: [...given, word] } : { ...place, command: next, given: [] };
  }
  return place;
}

async function offers(place: Place, last: string, ask: Ask): Promise<Answer> {
  const { command, given, option, kubeconfig } = place;
  if (option !== undefined) return offerValue(option, place, ask);
  if (last.startsWith('-')) {
    const shown = command.options.filter(({ hidden }) => !hidden);
    const words = shown.map(({ long, short, description }) => suggestion(long ?? short ?? '', description));
    return only([...words, suggestion('--help', 'display help for command')]);
  }
  if (command.commands.length > 0)
    return only(
      given.length > 0
        ? []
        : command
            .createHelp()
            .visibleCommands(command)
            .map((one) => suggestion(one.name(), one.description())),
    );
  const argument: Argument | undefined = command.registeredArguments[given.length];
  if (argument === undefined) return only([]);
  if (argument.argChoices !== undefined) return only(argument.argChoices.map((word) => suggestion(word)));
  if (isFile(argument.name())) return { suggestions: [], files: true };
  return only(await ask(argument.name(), given, kubeconfig));
}

async function offerValue(option: Option, { kubeconfig }: Place, ask: Ask): Promise<Answer> {
  if (option.argChoices !== undefined) return only(option.argChoices.map((word) => suggestion(word)));
  const [, value = ''] = /<([^>]+)>/.exec(option.flags) ?? [];
  if (isFile(value)) return { suggestions: [], files: true };
  return only(await ask(value, [], kubeconfig));
}

/** Names of arguments and values that are paths. */
const isFile = (name: string): boolean => /^(?:file|folder|chart|kubeconfig|path)$/.test(name);

const only = (suggestions: readonly Suggestion[]): Answer => ({ suggestions, files: false });

const suggestion = (word: string, about = ''): Suggestion => ({ word, about: about.split('\n', 1)[0] ?? '' });
