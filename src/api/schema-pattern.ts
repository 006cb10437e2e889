/**
 * Regular expressions of JSON Schema are ECMAScript's, those of the API server Go's (RE2). A pattern that Go can't
 * compile would make the server refuse the whole CRD, so it is told apart beforehand.
 */

/** Letters and digits that may follow a backslash in RE2 with the meaning they have in ECMAScript. */
const SHARED_ESCAPES = /^[dDwWsSbBnrtfv]$/;
/** RE2 refuses repetitions above this. */
const MAX_REPEAT = 1000;
/** Longer patterns are generated tables; compiling them on each write is not worth it. */
const MAX_LENGTH = 2000;

/** True if Go's regexp compiles the pattern and means the same by it. */
export function isGoPattern(pattern: string): boolean {
  if (pattern.length > MAX_LENGTH || !compiles(pattern)) return false;
  // Look-around is unknown to RE2; of the groups that begin with (? only these are shared.
  if (/\(\?(?!:|<[A-Za-z])/.test(pattern.replaceAll(/\\./g, '_'))) return false;
  for (const [, escaped = ''] of pattern.matchAll(/\\(x[\da-fA-F]{2}|[\s\S])/g)) {
    if (escaped.startsWith('x') && escaped.length === 3) continue;
    if (/[A-Za-z0-9]/.test(escaped) && !SHARED_ESCAPES.test(escaped)) return false; // \1, \u, \c, \p, \k …
  }
  // An empty class or its complement is ECMAScript's alone.
  if (/\[\^?\]/.test(pattern.replaceAll(/\\./g, '_'))) return false;
  return [...pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].every(
    ([, least = '0', most = '0']) => Number(least) <= MAX_REPEAT && Number(most) <= MAX_REPEAT,
  );
}

function compiles(pattern: string): boolean {
  // Without the flag, escapes such as \- are allowed, as they are in Go.
  return ['u', ''].some((flags) => {
    try {
      return RegExp(pattern, flags) instanceof RegExp;
    } catch {
      return false;
    }
  });
}
