import { createContext, Script } from 'node:vm';

/** Milliseconds one pattern may take on one text. Sane ones take microseconds. */
const LIMIT_MS = 50;
/** Texts and patterns below these lengths can't take long, whatever the pattern. */
const SHORT_TEXT = 12;

/** A pattern was given up on. */
export class PatternTooSlow extends Error {
  override readonly name = 'PatternTooSlow';
}

/**
 * A regular expression that can't hold up the process. Patterns come from charts and texts from tenants, and JavaScript's
 * engine backtracks: `^(a+)+$` on thirty letters runs for minutes. So long texts are tested under a time limit.
 */
export function guardedPattern(
  pattern: string,
  flags: string,
): { test(text: string): boolean; toString(): string } {
  const expression = new RegExp(pattern, flags);
  const context = createContext({ expression, text: '' });
  const script = new Script('expression.test(text)');
  return {
    // Ajv keeps one object for all patterns that read the same as text.
    toString: () => `/${pattern}/${flags}`,
    test: (text) => {
      if (text.length < SHORT_TEXT) return expression.test(text);
      context['text'] = text;
      try {
        return script.runInContext(context, { timeout: LIMIT_MS }) === true;
      } catch (cause) {
        throw new PatternTooSlow(`the chart's pattern ${pattern} takes too long on this text`, { cause });
      }
    },
  };
}
