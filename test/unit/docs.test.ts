import { Command } from 'commander';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { CliIo } from '../../src/cli/cli-io.ts';
import { NO_COLORS } from '../../src/cli/colors.ts';
import { programWords } from '../../src/cli/program-names.ts';
import { COMMANDS } from '../../src/main/cli.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentProgress } from '../../src/lib/progress.ts';

const root = join(import.meta.dirname, '../..');
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...['docs', 'examples', 'src'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  ),
].map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

const BLOCK = /^```(\w*)\n([\s\S]*?)^```$/gm;
const prose = (text: string): string => text.replaceAll(BLOCK, '');
const spans = (text: string): string[] =>
  [...prose(text).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
/** Lines of the shell blocks, without what is only said beside them. */
const shellLines = (text: string): string[] =>
  [...text.matchAll(BLOCK)]
    .filter(([, language]) => language === 'sh')
    .flatMap(([, , body = '']) => body.split('\n').map((line) => line.replace(/(^|\s)#.*$/, '')));

/** The anchor that forges make of a heading. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

function brokenLinks({ path, text }: (typeof pages)[number]): string[] {
  const links = [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [file = '', anchor] = target.split('#');
    const to = file === '' ? join(root, path) : join(root, dirname(path), file);
    if (!existsSync(to)) return true;
    if (anchor === undefined) return false;
    const headings = [...prose(readFileSync(to, 'utf8')).matchAll(/^#+ (.*)$/gm)];
    return !headings.some(([, heading = '']) => slug(heading) === anchor);
  });
}

/** Paths of the repository that a page names. */
function missingFiles({ text }: (typeof pages)[number]): string[] {
  const words = [...spans(text), ...shellLines(text).flatMap((line) => line.split(/[\s"']+/))];
  return words
    .filter((word) => /^(?:src|test|tools|docs|deploy|examples)\/[\w./-]+$/.test(word))
    .filter((word) => !existsSync(join(root, word)));
}

const io: CliIo = {
  out: () => undefined,
  err: () => undefined,
  env: {},
  cwd: root,
  clock: systemClock,
  colors: NO_COLORS,
  progress: silentProgress,
  signal: new AbortController().signal,
};
const program = new Command('tenantry');
for (const { load } of COMMANDS) program.addCommand((await load())(io));
// The container's word; it has no flags.
program.command('operator');

/** `tenantry …`, `kflex …` and `vcluster …` in a line: the words up to where the shell would see the end of the command. */
const uses = (line: string): string[][] =>
  [...line.matchAll(/(?:^|\$\(|&& |; )(tenantry|kflex|vcluster) ([^)#;&]*)/g)].map(
    ([, name = '', rest = '']) => {
      const words = (rest.split(' | ')[0] ?? '').trim().split(/\s+/);
      return [...(programWords(name, words) ?? words)];
    },
  );

/** Its own and those of what it is part of. */
const optionsOf = (command: Command): Command['options'] =>
  command.parent === null ? command.options : [...command.options, ...optionsOf(command.parent)];

/** What is wrong with the words of a command; undefined if nothing is. Names may be given together: `up|down`. */
function wrongIn(words: readonly string[], command: Command = program): string | undefined {
  const [first = '', ...others] = words;
  if (command.commands.length > 0 && first !== '' && !first.startsWith('-') && first !== '…') {
    for (const name of first.split('|')) {
      const next = command.commands.find((each) => each.name() === name);
      // A name of the user's own, where the command takes one.
      if (next === undefined && command.registeredArguments.length > 0) continue;
      if (next === undefined) return `${command.name()} has no ${name}`;
      const wrong = wrongIn(others, next);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }
  let positional = 0;
  for (let at = 0; at < words.length; at++) {
    const [word = ''] = (words[at] ?? '').split('=');
    // What follows is somebody else's command.
    if (word === '--') break;
    if (!word.startsWith('-')) {
      if (word !== '' && word !== '…') positional += 1;
      continue;
    }
    if (word === '--help') continue;
    const option = optionsOf(command).find(({ long, short }) => word === long || word === short);
    if (option === undefined) return `${command.name()} has no ${word}`;
    if (option.required) at += 1;
  }
  const takes = command.registeredArguments;
  const isTooMany = positional > takes.length && !takes.some(({ variadic }) => variadic);
  return isTooMany ? `${command.name()} takes no ${words.join(' ')}` : undefined;
}

describe.each(pages)('$path', (page) => {
  it('links to what is there', () => {
    expect(brokenLinks(page)).toEqual([]);
    expect(missingFiles(page)).toEqual([]);
  });

  it('names commands with flags that they have', () => {
    const wrong = [...spans(page.text), ...shellLines(page.text)]
      .flatMap(uses)
      .flatMap((words) => wrongIn(words) ?? []);

    expect(wrong).toEqual([]);
  });

  it('names scripts that package.json has', () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
    const named = [...page.text.matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name = '']) => name);

    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

describe('the checks above', () => {
  it('find what is wrong', () => {
    const page = {
      path: 'docs/x.md',
      text: '# X\n[a](none.md) [b](guide.md#nowhere) `src/none.ts`\n',
    };

    expect(brokenLinks(page)).toEqual(['none.md', 'guide.md#nowhere']);
    expect(missingFiles(page)).toEqual(['src/none.ts']);
    expect(
      [
        'tenantry cluster fly',
        'x $(tenantry tool kubectl --fast)',
        'tenantry cluster up|away',
        'tenantry status all',
      ].map((line) => uses(line).map((words) => wrongIn(words))),
    ).toEqual([
      ['cluster has no fly'],
      ['tool has no --fast'],
      ['cluster has no away'],
      ['status takes no all'],
    ]);
  });

  it('look at every page', () => {
    expect(pages.length).toBeGreaterThan(20);
    expect(pages.map(({ path }) => relative('.', path))).toContain('docs/guide.md');
  });
});

it('the program can be started by its name', () => {
  expect(readFileSync(join(root, 'src/main/tenantry.ts'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});
