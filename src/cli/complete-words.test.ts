import { Argument, Command, Option } from 'commander';
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { completeWords, type Ask } from './complete-words.ts';
import { completionCommand } from './completion.ts';
import type { CliIo } from './cli-io.ts';
import { NO_COLORS } from './colors.ts';
import { systemClock } from '../lib/clock.ts';
import { silentProgress } from '../lib/progress.ts';

const program = new Command('tenantry')
  .addCommand(
    new Command('app').description('Ask').addCommand(
      new Command('url')
        .argument('<kind>')
        .argument('<instance>')
        .option('-k, --kubeconfig <file>', 'kubeconfig to use')
        .option('-n, --namespace <namespace>', 'where')
        .option('--all', 'all of them')
        .addOption(new Option('-o, --output <form>', 'form').choices(['list', 'plain']))
        .addOption(new Option('--secret').hideHelp()),
    ),
  )
  .addCommand(new Command('completion').addArgument(new Argument('<shell>').choices(['bash', 'zsh'])))
  .addCommand(new Command('upload').argument('<chart>'))
  .addCommand(new Command('hidden'), { hidden: true });

/** Says what it was asked instead of names. */
const ask: Ask = async (argument, before, kubeconfig) => [
  { word: [argument, ...before, kubeconfig ?? ''].join(','), about: '' },
];

async function words(line: string): Promise<string> {
  const { suggestions, files } = await completeWords(program, line.split(' '), ask);
  return [...suggestions.map(({ word }) => word), ...(files ? ['FILES'] : [])].join(' ');
}

describe('completeWords', () => {
  it.each([
    ['', 'app completion upload help'],
    ['a', 'app'],
    ['app ', 'url help'],
    ['app url ', 'kind,'],
    ['app url Shop ', 'instance,Shop,'],
    ['app url -k f Shop ', 'instance,Shop,f'],
    ['app url --all Shop ', 'instance,Shop,'],
    ['app url Shop s1 more ', ''],
    ['app url --', '--kubeconfig --namespace --all --output --help'],
    ['app url --o', '--output'],
    ['app url -o ', 'list plain'],
    ['app url -o p', 'plain'],
    ['app url -k ', 'FILES'],
    ['app url -n ', 'namespace,'],
    ['completion z', 'zsh'],
    ['upload ', 'FILES'],
    ['nothing ', ''],
  ])('after “%s” offers %s', async (line, expected) => {
    expect(await words(line)).toBe(expected);
  });
});

describe('the script for bash', () => {
  it('offers what the program answers', () => {
    let script = '';
    const io: CliIo = {
      out: (text) => void (script += text),
      err: () => undefined,
      env: {},
      cwd: '/',
      clock: systemClock,
      colors: NO_COLORS,
      progress: silentProgress,
      signal: new AbortController().signal,
    };
    completionCommand(io).parse(['bash'], { from: 'user' });
    const line = `tenantry() { echo "asked:$*"; printf 'url\\tits address\\n:4\\n'; }
${script}
COMP_WORDS=(tenantry app u) COMP_CWORD=2
_tenantry
printf '%s\\n' "\${COMPREPLY[@]}"`;

    expect(execFileSync('bash', ['-c', line], { encoding: 'utf8' })).toBe('asked:__complete app u\nurl\n');
  });
});
