import { Composer, Lexer, Parser, stringify, type CST, type Document, type ScalarTag, type Tags } from 'yaml';
import type { AnyObject, Json } from './object.ts';
import { isMap } from '../lib/narrow.ts';

/**
 * Reading and writing YAML as kubectl, Helm and the API machinery do: with the rules of YAML 1.1 as Go's library has
 * them. The only file that imports the YAML library: its defaults (YAML 1.2) read `0755` as 755 and `yes` as text.
 */

/** Bytes of one text; etcd refuses objects above 1.5 MiB, and no sensible manifest bundle comes near this. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Aliases a document may resolve; keeps a "billion laughs" document from filling the memory. */
const MAX_ALIASES = 1000;
/** Levels of maps and lists; the deepest real manifests (schemas in CRDs) have below a hundred. */
const MAX_DEPTH = 400;
/**
 * Lexemes of one document: a second of work at most, and an object of the 1.5 MiB that etcd takes has half as many unless it was made
 * to have more (`[a,a,a,…]`).
 */
const MAX_LEXEMES = 500_000;
/** Documents in one text. */
const MAX_DOCUMENTS = 5000;

/** What is wrong with a text, and where: `line` counts from 1. */
export class YamlError extends Error {
  override readonly name = 'YamlError';
  readonly line: number | undefined;
  constructor(message: string, line?: number, options?: ErrorOptions) {
    super(line === undefined ? message : `line ${line}: ${message}`, options);
    this.line = line;
  }
}

/** YAML 1.2's way to write octal, which Go's library reads beside the 1.1 way. */
const OCTAL_WITH_O: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0o[0-7_]+$/,
  resolve: (text) => {
    const digits = text.replace(/^[-+]?0o|_/g, '');
    return (text.startsWith('-') ? -1 : 1) * Number.parseInt(digits, 8);
  },
};

/** Dates and base-60 numbers stay text (Go's library knows no base 60 and JSON has no dates); binary, sets too. */
function kubectlTags(tags: Tags): Tags {
  const kept = tags.filter(
    (tag) =>
      typeof tag === 'string' ||
      !(('format' in tag && tag.format === 'TIME') || /:(?:timestamp|binary|set|omap|pairs)$/.test(tag.tag)),
  );
  return [OCTAL_WITH_O, ...kept];
}

function parseDocuments(text: string): Document.Parsed[] {
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw new YamlError(`the text is larger than ${MAX_BYTES / 1024 / 1024} MiB; split it`);
  }
  // Keys given twice: the last one wins, as with kubectl and Helm; charts in the wild have them.
  const composer = new Composer({ version: '1.1', customTags: kubectlTags, uniqueKeys: false });
  return [...composer.compose(tokensOf(text), false, text.length)] as Document.Parsed[]; // true: composed from a text
}

/**
 * The tokens of a text, given up when they nest too deeply. This must be noticed here: composing recurses, and a stack
 * that ends while a regular expression is compiled ends the whole process, not the call.
 */
function* tokensOf(text: string): Generator<CST.Token> {
  const parser = new Parser();
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1;
    for (const token of parser.next(lexeme)) {
      if (token.type === 'document') lexemes = 0;
      yield token;
    }
    if (lexemes > MAX_LEXEMES)
      throw new YamlError(`a document has more than ${MAX_LEXEMES} marks and words; split it`);
    if (parser.stack.length > MAX_DEPTH)
      throw new YamlError(`the text is nested more than ${MAX_DEPTH} levels deep`);
  }
  yield* parser.end();
}

function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i >= 0 && i < offset; i = text.indexOf('\n', i + 1)) line += 1;
  return line;
}

function toJson(document: Document.Parsed, text: string): Json {
  const [error] = document.errors;
  if (error !== undefined) {
    const [reason = 'not YAML'] = error.message.split(/ at line \d+/, 1);
    throw new YamlError(reason, lineOf(text, error.pos[0]), { cause: error });
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    const reason = 'aliases (*name) can not be resolved or are too many';
    throw new YamlError(reason, lineOf(text, document.range[0]), { cause });
  }
  const wrong = findNonJson(value);
  if (wrong !== undefined)
    throw new YamlError(`${wrong} is not a value of JSON`, lineOf(text, document.range[0]));
  // True: what the tags above can make is null, boolean, number, string, array and plain object; infinity and NaN were refused.
  return value as Json;
}

/** `.inf` and `.nan` are numbers in YAML and nothing in JSON. */
function findNonJson(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : String(value);
  if (typeof value !== 'object' || value === null) return undefined;
  for (const item of Object.values(value)) {
    const wrong = findNonJson(item);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** Reads one document (JSON is YAML). An empty text is null. Throws YamlError, also for a second document. */
export function parseYaml(text: string): Json {
  const documents = parseDocuments(text);
  const [document, second] = documents;
  if (second !== undefined) {
    throw new YamlError(
      'there is a second document (---) where one is expected',
      lineOf(text, second.range[0]),
    );
  }
  return document === undefined ? null : toJson(document, text);
}

/**
 * Reads manifests: any number of documents, empty ones skipped, `v1/List` taken apart. Every object must name its
 * apiVersion, kind and metadata.name (or generateName). Throws YamlError with the line of the document.
 */
export function parseManifests(text: string): AnyObject[] {
  const documents = parseDocuments(text);
  if (documents.length > MAX_DOCUMENTS)
    throw new YamlError(`there are more than ${MAX_DOCUMENTS} documents; split the text`);
  const objects: AnyObject[] = [];
  for (const document of documents) {
    const value = toJson(document, text);
    if (value === null) continue;
    collect(value, lineOf(text, document.range[0]), objects);
  }
  return objects;
}

function collect(value: unknown, line: number, into: AnyObject[]): void {
  if (!isMap(value)) throw new YamlError('a manifest must be a map with apiVersion, kind and metadata', line);
  const { apiVersion, kind, metadata, items } = value;
  if (typeof apiVersion !== 'string' || apiVersion === '') throw new YamlError('apiVersion is missing', line);
  if (typeof kind !== 'string' || kind === '') throw new YamlError('kind is missing', line);
  if (apiVersion === 'v1' && kind === 'List' && Array.isArray(items)) {
    for (const item of items) collect(item, line, into);
    return;
  }
  if (!isMap(metadata)) throw new YamlError(`${kind}: metadata is missing`, line);
  const { name, generateName } = metadata;
  if (typeof name !== 'string' && typeof generateName !== 'string') {
    throw new YamlError(
      `${kind}: metadata.name is ${name === undefined ? 'missing' : 'not a text (put it in quotes)'}`,
      line,
    );
  }
  // True: apiVersion, kind and metadata with a name were checked above; the other fields are JSON.
  into.push(value as unknown as AnyObject);
}

/** Writes YAML that readers of YAML 1.1 and of 1.2 understand alike (`"yes"`, `"0755"`, dates are quoted); no line is folded. */
export function toYaml(value: unknown): string {
  return stringify(value, { version: '1.1', compat: 'core', lineWidth: 0, aliasDuplicateObjects: false });
}
