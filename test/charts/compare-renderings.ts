import { parseAllDocuments } from 'yaml';
import type { Rendering } from '../../src/helm/rendering.ts';
import { RenderError } from '../../src/helm/rendering.ts';
import type { Outcome } from '../component/stock-helm.ts';

/** What a comparison says: how it ended, and the difference if there is one. */
export interface Verdict {
  readonly outcome: 'same' | 'both fail' | 'different';
  readonly difference: string;
}

const same: Verdict = { outcome: 'same', difference: '' };
const different = (difference: string): Verdict => ({ outcome: 'different', difference });

/**
 * Compares our rendering with what `helm template` printed: the same objects in the same order, the same hooks; or both
 * fail, and our words name the place that Helm names. `volatile` are fields that chance or time decide.
 */
export function compareRenderings(
  ours: Rendering | Error,
  theirs: Outcome,
  volatile: readonly RegExp[] = [],
): Verdict {
  if (ours instanceof Error) {
    if (!(ours instanceof RenderError)) return different(`we broke: ${ours.message}`);
    if (theirs.ok) return different(`we failed alone: ${ours.code}: ${ours.message}`);
    const missing = placesOf(theirs.stderr).filter((place) => !ours.message.includes(place));
    return missing.length === 0
      ? { outcome: 'both fail', difference: '' }
      : different(
          `our message lacks ${missing.join(', ')}\nours:   ${ours.message}\ntheirs: ${theirs.stderr}`,
        );
  }
  if (!theirs.ok) return different(`helm failed alone: ${theirs.stderr}`);
  if (printed(ours) === theirs.stdout) return same;
  const [a, b] = [documentsOf(printed(ours), volatile), documentsOf(theirs.stdout, volatile)];
  const lists = [
    [a.objects, b.objects],
    [a.hooks, b.hooks],
  ] as const;
  for (const [left, right] of lists) {
    for (let index = 0; index < Math.max(left.length, right.length); index++) {
      if (left[index] !== right[index])
        return different(`document ${index}\nours:   ${left[index]}\ntheirs: ${right[index]}`);
    }
  }
  return same;
}

/** A rendering as `helm template` prints it. */
function printed({ manifests, hooks }: Rendering): string {
  const text = ({ source, content }: { source: string; content: string }): string =>
    `---\n# Source: ${source}\n${content}\n`;
  return `${manifests.map(text).join('').trim()}\n${hooks.map(text).join('')}`;
}

/** Documents as data; hooks apart and in no order, since `helm template` prints them in that of a Go map. */
function documentsOf(
  text: string,
  volatile: readonly RegExp[],
): { objects: readonly string[]; hooks: readonly string[] } {
  const documents = parseAllDocuments(text, { version: '1.1', logLevel: 'silent', uniqueKeys: false })
    .map((document): unknown => {
      const [error] = document.errors;
      // What this parser can't read (Go's reads a little more) is compared as text.
      return error === undefined
        ? document.toJS({ maxAliasCount: 10_000 })
        : text.slice(...document.range.slice(0, 2)).trimEnd();
    })
    .filter((document) => document !== null)
    .map((document) => JSON.stringify(steady(document, volatile)));
  const isHook = (document: string): boolean => document.includes('"helm.sh/hook"');
  return {
    objects: documents.filter((document) => !isHook(document)),
    hooks: documents.filter(isHook).sort(),
  };
}

/** The document without what chance decides. */
function steady(document: unknown, volatile: readonly RegExp[]): unknown {
  if (volatile.length === 0) return document;
  const kind =
    typeof document === 'object' && document !== null && 'kind' in document ? String(document.kind) : '';
  const walk = (value: unknown, path: string): unknown => {
    if (volatile.some((pattern) => pattern.test(`${kind}:${path}`))) return 'volatile';
    if (Array.isArray(value)) return value.map((item) => walk(item, `${path}[]`));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, child]) => [
        name,
        walk(child, path === '' ? name : `${path}.${name}`),
      ]),
    );
  };
  return walk(document, '');
}

/** Places that a message of Helm's names: `chart/templates/file.yaml:12`, and fields that a schema refuses. */
function placesOf(message: string): readonly string[] {
  const templates = [...message.matchAll(/[\w.-]+(?:\/[\w.-]+)*\/templates\/[\w./-]+?(?::\d+)+/g)].map(
    ([place]) => place,
  );
  const files = [...message.matchAll(/YAML parse error on (\S+?):/g)].map(([, file = '']) => file);
  const lines = [...message.matchAll(/ (line \d+)/g)].map(([, line = '']) => line);
  const fields = [...message.matchAll(/ at '\/([^/']+)/g)].map(([, field = '']) => field);
  // Ten findings are shown; the order of the others is that of a Go map.
  return [...templates.slice(0, 1), ...files, ...lines, ...(fields.length <= 10 ? fields : [])];
}
