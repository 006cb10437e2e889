import type { ApplicationMetric } from './usage-book.ts';

/** Letters of a metric's own words that are shown. */
const MAX_HELP = 120;
const NUMBER = /^[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)$/;

/**
 * The named metrics in the text form of Prometheus, each the sum of its series. The text is a tenant's: lines that are none are passed
 * over, values that are no finite numbers don't count, and of words only what a terminal can't take for a command is kept.
 */
export function readSamples(text: string, names: readonly string[]): readonly ApplicationMetric[] {
  const wanted = new Set(names);
  const helps = new Map<string, string>();
  const sums = new Map<string, number>();
  for (const line of text.split('\n')) {
    const help = /^# HELP ([\w:]+) (.*)$/.exec(line);
    if (help !== null && wanted.has(help[1] ?? '')) helps.set(help[1] ?? '', plain(help[2] ?? ''));
    const name = /^[\w:]+/.exec(line)?.[0] ?? '';
    if (!wanted.has(name)) continue;
    const value = valueOf(line.slice(name.length));
    if (value !== undefined) sums.set(name, (sums.get(name) ?? 0) + value);
  }
  return [...sums].map(([name, value]) => ({ name, help: helps.get(name) || name, value }));
}

/** The number behind a metric's name and its labels, which are in braces and may hold braces in quotes. */
function valueOf(rest: string): number | undefined {
  const behind = rest.startsWith('{') ? rest.slice(rest.lastIndexOf('}') + 1) : rest;
  const [number = ''] = behind.trim().split(/\s+/);
  return NUMBER.test(number) ? Number(number) : undefined;
}

function plain(words: string): string {
  return words
    .replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, ' ')
    .trim()
    .slice(0, MAX_HELP);
}
