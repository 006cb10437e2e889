/** Variables that a template names, and those of them that it can do without. */
export interface References {
  readonly named: ReadonlySet<string>;
  /** Asked about (`if .A`) or given another value (`.A | default "x"`): absent is no mistake. */
  readonly optional: ReadonlySet<string>;
}

/** An action of a template: `{{ … }}`, with texts in quotes that may hold braces. */
const ACTION = /\{\{-?\s*((?:"(?:\\.|[^"\\])*"|`[^`]*`|'(?:\\.|[^'\\])*'|(?!-?\}\})[\s\S])*?)\s*-?\}\}/g;
const QUOTED = /"(?:\\.|[^"\\])*"|`[^`]*`|'(?:\\.|[^'\\])*'/g;
/** A field of the variables: `.NAME`, not that of something else (`$x.NAME`, `(…).NAME`). */
const OF_DOT = /(?<![\w)\]$.])\.([A-Za-z_]\w*)/g;
/** The same where the dot may be something else: `$` is always the variables. */
const OF_ROOT = /(?<![\w)\]])\$\.([A-Za-z_]\w*)/g;
const OPTIONAL = /^(?:else\s+)?(?:if|with)\b|\b(?:default|coalesce|empty|hasKey|ternary)\b/;

/**
 * The variables that one text names. Go's templates say nothing of one that has no value, so that a word written wrong would give a
 * broken object; here it is found before anything is written. Within `range` and `with` the dot is something else.
 */
export function referencesIn(text: string): References {
  const named = new Set<string>();
  const optional = new Set<string>();
  /** For each block that is open, whether the dot is still that of the variables inside. */
  const blocks: boolean[] = [];
  for (const [, body = ''] of text.matchAll(ACTION)) {
    if (body.startsWith('/*')) continue;
    const code = body.replace(QUOTED, '""');
    const word = /^[a-z]+/.exec(code)?.[0] ?? '';
    const isDotOurs = blocks.every(Boolean);
    const dots = isDotOurs ? [...code.matchAll(OF_DOT)] : [];
    for (const [, name = ''] of [...dots, ...code.matchAll(OF_ROOT)]) {
      named.add(name);
      if (OPTIONAL.test(code)) optional.add(name);
    }
    if (word === 'end') blocks.pop();
    if (word === 'if') blocks.push(true);
    if (['range', 'with', 'define', 'block'].includes(word)) blocks.push(false);
  }
  return { named, optional };
}

/** The variables that texts name and nobody gave a value, in the order of their letters. */
export function missingIn(
  texts: readonly string[],
  variables: Readonly<Record<string, string>>,
): readonly string[] {
  const missing = texts.flatMap((text) => {
    const { named, optional } = referencesIn(text);
    return [...named].filter((name) => !optional.has(name) && !Object.hasOwn(variables, name));
  });
  return [...new Set(missing)].sort();
}
