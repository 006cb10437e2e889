/** A test that is left out, and why. */
export interface Skip {
  /** The test's whole name, or the beginning that several share. */
  readonly test: string;
  readonly reason: string;
}

/**
 * Reads a skip file: `reason: name of the test` a line; a name that ends in `…` stands for all that begin so. Empty lines and those
 * that begin with `#` say nothing. Throws for a line without a reason.
 */
export function parseSkips(text: string): readonly Skip[] {
  return text
    .split('\n')
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
    .map(({ line, number }) => {
      const [, reason = '', test = ''] = /^([^:[]+): (\[.+)$/.exec(line) ?? [];
      if (test === '')
        throw new Error(
          `line ${number} of the skip file is not \`reason: [area] name of the test\`: ${line}`,
        );
      return { test, reason };
    });
}

/** The reason why a test is left out; undefined where it is not. */
export function reasonToSkip(skips: readonly Skip[], name: string): string | undefined {
  return skips.find((skip) => covers(skip, name))?.reason;
}

/** The lines that leave out nothing: the tests they meant have another name by now, or are gone. */
export function staleSkips(skips: readonly Skip[], names: readonly string[]): readonly Skip[] {
  return skips.filter((skip) => !names.some((name) => covers(skip, name)));
}

function covers({ test }: Skip, name: string): boolean {
  return test.endsWith(ALL) ? name.startsWith(test.slice(0, -ALL.length)) : name === test;
}

const ALL = '…';

/** The regular expression (of Go) that leaves out exactly these; undefined where there are none. */
export function skipExpression(skips: readonly Skip[]): string | undefined {
  if (skips.length === 0) return undefined;
  const each = skips.map(({ test }) =>
    test.endsWith(ALL) ? quote(test.slice(0, -ALL.length)) : `${quote(test)}$`,
  );
  return each.join('|');
}

const quote = (text: string): string => text.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`);
