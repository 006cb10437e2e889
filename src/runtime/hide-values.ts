import { isMap } from '../lib/narrow.ts';
import { isSecretKey, REDACTED } from './redact.ts';

/** Shorter texts stand in messages for other reasons: `true`, `nginx`, `8080`. A password that short is none. */
const SHORTEST = 6;
/** Texts hidden at a time, the longest first; nobody has more secrets in one instance. */
const MOST = 500;

/** All texts and numbers in values: for values that come out of Secrets. */
export function allTexts(values: unknown): readonly string[] {
  if (typeof values === 'string') return [values];
  if (typeof values === 'number') return [String(values)];
  if (typeof values !== 'object' || values === null) return [];
  return Object.values(values).flatMap(allTexts);
}

/** The texts under keys that mean secrets (`password`, `apiKey`), for values whose other parts may be said. */
export function secretTexts(values: unknown): readonly string[] {
  if (Array.isArray(values)) return values.flatMap(secretTexts);
  if (!isMap(values)) return [];
  return Object.entries(values).flatMap(([key, inner]) =>
    isSecretKey(key) ? allTexts(inner) : secretTexts(inner),
  );
}

/**
 * A function that replaces secrets in messages: templates, schemas and API servers repeat the values that they refuse, and
 * conditions and events are read by more people than Secrets are. Also as they stand in quotes, in base64 and line by line.
 */
export function hiding(secrets: readonly string[]): (text: string) => string {
  const forms = secrets.flatMap((secret) => [secret, ...secret.split('\n')].flatMap(formsOf));
  const hidden = [...new Set(forms)]
    .filter((form) => form.length >= SHORTEST)
    .toSorted((a, b) => b.length - a.length)
    .slice(0, MOST);
  return (text) => hidden.reduce((clean, form) => clean.replaceAll(form, REDACTED), text);
}

function formsOf(secret: string): readonly string[] {
  const trimmed = secret.trim();
  if (trimmed.length < SHORTEST) return [];
  return [trimmed, JSON.stringify(trimmed).slice(1, -1), Buffer.from(trimmed).toString('base64')];
}
