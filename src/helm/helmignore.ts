/** Says whether a path (relative to the chart, with `/`) is left out of the archive. */
export type Ignore = (path: string, isFolder: boolean) => boolean;

/** A line of `.helmignore` that Helm refuses; the message names it. */
export class IgnoreError extends Error {
  override readonly name = 'IgnoreError';
}

interface Rule {
  readonly pattern: RegExp;
  readonly isNegated: boolean;
  readonly foldersOnly: boolean;
  /** Without a slash in it a rule is about the last part of the path only. */
  readonly baseOnly: boolean;
}

/** Always there: hidden files beside templates are an editor's. */
const DEFAULT_RULE = 'templates/.?*';

/**
 * Reads the text of a `.helmignore` as Helm does, which is not quite as git does: no `**`, the first rule that matches decides,
 * and a negated rule (`!keep.me`) leaves out everything that it does not match.
 */
export function parseHelmignore(text: string): Ignore {
  const lines = [...text.replace(/^\uFEFF/, '').split('\n'), DEFAULT_RULE];
  const rules = lines
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(ruleOf);
  return (path, isFolder) => {
    const base = path.slice(path.lastIndexOf('/') + 1);
    for (const rule of rules) {
      const matches = rule.pattern.test(rule.baseOnly ? base : path);
      if (rule.isNegated) {
        if (!matches || (rule.foldersOnly && !isFolder)) return true;
      } else if (matches && (isFolder || !rule.foldersOnly)) return true;
    }
    return false;
  };
}

function ruleOf(line: string): Rule {
  if (line.includes('**'))
    throw new IgnoreError(`.helmignore: ${line}: Helm does not know **; name the folders one by one`);
  const isNegated = line.startsWith('!');
  const foldersOnly = line.endsWith('/');
  const text = line.slice(isNegated ? 1 : 0, foldersOnly ? -1 : undefined);
  const isRooted = text.startsWith('/');
  return {
    pattern: globOf(isRooted ? text.slice(1) : text, line),
    isNegated,
    foldersOnly,
    baseOnly: !isRooted && !text.includes('/'),
  };
}

const GLOB_PART = /\*|\?|\[(\^?)((?:\\.|[^\]\\])+)\]|\\(.)|([^*?[\\]+)|(.)/gsu;

/** The globs of Go's `filepath.Match`: `*` and `?` stop at `/`. */
function globOf(glob: string, line: string): RegExp {
  const parts = [...glob.matchAll(GLOB_PART)].map(([part, caret, letters, escaped, plain]) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (letters !== undefined) return `[${caret}${letters.replaceAll(/[[\]^]/g, String.raw`\$&`)}]`;
    const literal = escaped ?? plain;
    if (literal === undefined) throw new IgnoreError(`.helmignore: ${line}: the pattern is not closed`);
    return literal.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
  });
  return new RegExp(`^${parts.join('')}$`, 'su');
}
