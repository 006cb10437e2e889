/** What stands in place of a secret. */
export const REDACTED = '[redacted]';

/** Deeper than any field worth reading in a log; ends cycles, too. */
const MAX_DEPTH = 8;
/** Characters kept of one text: a log line is no place for documents. */
const MAX_TEXT = 4096;
/** Entries kept of one list or object. */
const MAX_ENTRIES = 100;

/** Keys whose value is a secret, wherever they stand. */
const SECRET_KEY =
  /passw(or)?d|passphrase|token|secret|authorization|credential|api[-_]?key|private[-_]?key|cookie|^(tls|ca|client)[-_.]key(-data)?$|^pwd$/i;
/** Keys that only name or count secrets: `secretName`, `imagePullSecrets`, `tokenFile`, `automountServiceAccountToken`. */
const HARMLESS_KEY =
  /(name|names|namespace|ref|refs|file|path|count|type|kind|uid)$|^(imagePullSecrets|automountServiceAccountToken)$/i;

/** Secrets inside running text: bearer tokens, JSON web tokens, passwords in URLs, private keys in PEM. */
const IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${REDACTED}`],
  [/\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*/g, REDACTED],
  [/(\b[a-z][a-z\d+.-]*:\/\/[^\s/:@]*:)[^\s/@]+@/gi, `$1${REDACTED}@`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
];

/**
 * A copy of `value` that is safe to log: values under keys that mean secrets, the data of Kubernetes Secrets and
 * secrets inside texts are replaced, errors become plain data, and everything is bounded in depth and size.
 */
export function redact<T>(value: T): T {
  // Objects keep their shape but for the replaced leaves, which is all that a log needs of the type.
  return walk(value, 0) as T;
}

function walk(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[deep]';
  if (value instanceof Error) return walkError(value, depth);
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((item) => walk(item, depth + 1));
  return walkObject(value, depth);
}

function walkObject(value: object, depth: number): Record<string, unknown> {
  const isSecret = (value as { kind?: unknown }).kind === 'Secret';
  const entries = Object.entries(value).slice(0, MAX_ENTRIES);
  return Object.fromEntries(
    entries.map(([key, inner]): [string, unknown] => {
      if (isSecret && (key === 'data' || key === 'stringData')) return [key, keysOnly(inner)];
      return [key, hides(key, inner) ? REDACTED : walk(inner, depth + 1)];
    }),
  );
}

/** True if what stands under the key is a secret by its name. */
export function isSecretKey(key: string): boolean {
  return SECRET_KEY.test(key) && !HARMLESS_KEY.test(key);
}

/** Numbers and booleans under such a key say how many or whether, not what. */
function hides(key: string, inner: unknown): boolean {
  const says = typeof inner === 'string' || (typeof inner === 'object' && inner !== null);
  return says && isSecretKey(key);
}

/** Which keys a Secret has may be said; what they hold may not. */
function keysOnly(data: unknown): unknown {
  if (typeof data !== 'object' || data === null) return REDACTED;
  return Object.fromEntries(Object.keys(data).map((key) => [key, REDACTED]));
}

function walkError(error: Error, depth: number): Record<string, unknown> {
  const own = error as Error & { code?: unknown; status?: unknown };
  return {
    name: error.name,
    message: redactText(error.message),
    ...(own.code === undefined ? {} : { code: own.code }),
    ...(own.status === undefined ? {} : { status: own.status }),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: walk(error.cause, depth + 1) }),
  };
}

function redactText(text: string): string {
  const clean = IN_TEXT.reduce(
    (result, [pattern, by]) => result.replace(pattern, by),
    text.slice(0, MAX_TEXT),
  );
  return text.length > MAX_TEXT ? `${clean}… (${text.length} characters)` : clean;
}
