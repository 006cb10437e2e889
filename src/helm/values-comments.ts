/**
 * Comments of a values file, which are the only documentation most charts have. A scan of lines on purpose: a comment
 * belongs to the key below it, which YAML's own model does not know, and a mistake here costs a description only.
 */

/** Characters of one description taken from comments; longer ones are licences and tutorials. */
const MAX_COMMENT = 600;

const KEY = /^(\s*)(?:"([^"]+)"|'([^']+)'|([^\s#:'"[\]{}&*!|>%@,-][^:#]*?))\s*:(?:\s+(.*))?$/;

interface OpenKey {
  readonly indent: number;
  readonly path: string;
}

/** Descriptions by path of keys joined by NUL (keys may hold dots). Lists are not entered. */
export function valuesComments(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let open: OpenKey[] = [];
  let pending: string[] = [];
  let skipDeeperThan: number | undefined;
  for (const line of text.split(/\r?\n/)) {
    const indent = line.length - line.trimStart().length;
    const content = line.trim();
    if (skipDeeperThan !== undefined && (content === '' || indent > skipDeeperThan)) continue;
    skipDeeperThan = undefined;
    if (content === '') {
      pending = []; // a paragraph apart speaks of the file, not of the next key
    } else if (content.startsWith('#')) {
      pending.push(content);
    } else {
      const key = KEY.exec(line);
      if (key === null) {
        // An entry of a list, or a flow that goes on: nothing of it has a path of its own.
        if (content.startsWith('-')) skipDeeperThan = indent;
        pending = [];
        continue;
      }
      const name = (key[2] ?? key[3] ?? key[4] ?? '').trim();
      const rest = key[5]?.trim() ?? '';
      open = open.filter((parent) => parent.indent < indent);
      const path = pathOfKeys(open.at(-1)?.path, name);
      const description = describe(pending, rest);
      if (description !== '') found.set(path, description);
      open.push({ indent, path });
      pending = [];
      if (/^[|>]/.test(rest)) skipDeeperThan = indent; // a block of text
    }
  }
  return found;
}

/** The key under which `valuesComments` keeps the description of a path. */
export function pathOfKeys(parent: string | undefined, name: string): string {
  return parent === undefined ? name : `${parent}\0${name}`;
}

function describe(lines: readonly string[], rest: string): string {
  const texts = lines.map((line) => line.replace(/^#+ ?/, '').trim());
  // helm-docs: what follows `# --` is the description, what stands before it is not.
  const marked = texts.findLastIndex((text) => text.startsWith('-- '));
  const kept = marked < 0 ? texts : [texts[marked]?.slice(3) ?? '', ...texts.slice(marked + 1)];
  const words = kept.filter((text) => text !== '' && !isNoise(text)).map(withoutAnnotations);
  // A remark behind the value, unless the # stands inside quotes.
  const behind = /^(?:[^'"#]|"[^"]*"|'[^']*')*?\s#+\s*(.+)$/.exec(` ${rest}`)?.[1];
  if (words.length === 0 && behind !== undefined) words.push(behind.trim());
  const joined = words.join(' ').trim();
  return joined.length > MAX_COMMENT ? `${joined.slice(0, MAX_COMMENT - 1)}…` : joined;
}

/** Rulers, `@ignored` marks of documentation tools and values that were commented out. */
function isNoise(text: string): boolean {
  return /^[-=#*_~]{3,}$/.test(text) || /^@(?:ignored|default|section|skip|raw|schema)\b/.test(text);
}

/** Bitnami's `@param a.b [array] text` says the text only. */
function withoutAnnotations(text: string): string {
  return text
    .replace(/^@(?:param|extra)\s+\S+\s+(?:\[[^\]]*\]\s*)?/, '')
    .replace(/^\((?:string|int|bool|object|list|float)\)\s+/, '');
}
