import { isAlias, isCollection, isPair, isScalar, parseDocument, type Document, type Node } from 'yaml';

/** More than any values file has: 100,000 values would be megabytes of text. */
export const MAX_YAML_NODES = 100_000;
/**
 * Characters of text that are looked into. A bomb is a few lines; a long text with aliases would take seconds to parse here, and
 * Helm's own reader, inside its limits, refuses what multiplies too much.
 */
const MAX_ALIASED_TEXT = 8192;

const ANCHOR = /(?:^|[\s[{,:-])&[^\s,[\]{}]/m;
const ALIAS = /(?:^|[\s[{,:-])\*[^\s,[\]{}]/m;

/**
 * How many values a YAML text has when every alias is replaced by what it stands for, counted without replacing any: nine
 * lines of aliases to aliases are a billion values for a parser that follows them. Stops counting at `limit`. Text without aliases, longer
 * than 8 KiB or not YAML at all counts as 0: whoever parses it says so better.
 */
export function expandedYamlSize(text: string, limit = MAX_YAML_NODES): number {
  if (text.length > MAX_ALIASED_TEXT || !ANCHOR.test(text) || !ALIAS.test(text)) return 0;
  const document = parseDocument(text, { logLevel: 'silent', strict: false, uniqueKeys: false });
  if (document.errors.length > 0 || document.contents === null) return 0;
  return countOf(document.contents, { document, limit, known: new Map() });
}

interface Counting {
  readonly document: Document.Parsed;
  readonly limit: number;
  /** Size of each node that was counted; 0 while it is being counted, which ends an alias to its own parent. */
  readonly known: Map<Node, number>;
}

function countOf(node: unknown, counting: Counting): number {
  if (isAlias(node)) {
    const target = node.resolve(counting.document);
    return target === undefined ? 1 : countOf(target, counting);
  }
  if (isPair(node)) return countOf(node.key, counting) + countOf(node.value, counting);
  if (isScalar(node)) return 1;
  if (!isCollection(node)) return 0;
  const known = counting.known.get(node);
  if (known !== undefined) return known;
  counting.known.set(node, 0);
  let size = 1;
  for (const item of node.items) size += countOf(item, counting);
  // The bound keeps the sums of sums finite; what is above the limit is only ever compared with it.
  size = Math.min(size, counting.limit + 1);
  counting.known.set(node, size);
  return size;
}
