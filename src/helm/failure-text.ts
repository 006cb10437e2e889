const SCHEMA_HEADING = /^values don't meet the specifications of the schema\(s\)/;
const FIELD_LINE = /^\s*- at '([^']*)': (.*)$/;
const SUBCHART_LINE = /^([A-Za-z0-9][A-Za-z0-9._-]*):$/;
/** Marks that Helm's engine puts around the words of `fail` and `required`. */
const AUTHOR_WORDS = /HELM_ERR_START([\s\S]*?)HELM_ERR_END/g;
/** A message goes into a condition and an event: the first few findings say enough. */
const MAX_FINDINGS = 10;
const MAX_LENGTH = 1500;
const HEAD_LENGTH = 500;

/** Helm's refusal of values, as one sentence: `replicas: got string, want integer; image: missing property 'tag'`. */
export function valuesFailure(message: string): string {
  if (!SCHEMA_HEADING.test(message)) return shortened(message.trim());
  const findings: string[] = [];
  let chart = '';
  // The schema itself breaks the rules of schemas; the lines below then speak of the schema's fields.
  const isAboutSchema = /is not valid against metaschema/.test(message);
  for (const line of message.split('\n').slice(1)) {
    const subchart = SUBCHART_LINE.exec(line);
    if (subchart !== null) chart = subchart[1] ?? '';
    const found = FIELD_LINE.exec(line);
    if (found === null) continue;
    const [, pointer = '', rule = ''] = found;
    findings.push(`${pathOf(pointer) || (isAboutSchema ? 'schema' : `values of ${chart}`)}: ${rule}`);
  }
  if (findings.length === 0) return shortened(message.trim().split('\n').slice(1).join(' '));
  // Helm reports them in the order of a Go map, another one each time; a message must not change by itself.
  findings.sort();
  const more = findings.length - MAX_FINDINGS;
  const head = isAboutSchema ? `values.schema.json of ${chart} is no JSON Schema: ` : '';
  return shortened(
    head + [...findings.slice(0, MAX_FINDINGS), ...(more > 0 ? [`and ${more} more`] : [])].join('; '),
  );
}

/** A failure of Helm's templates in one line: where, and the innermost reason. */
export function templateFailure(message: string): string {
  const words = message.replaceAll(AUTHOR_WORDS, '$1');
  return shortened(
    words
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join(' '),
  );
}

/** A JSON pointer as people write paths: `/image/tags/0` is `image.tags[0]`. */
function pathOf(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}

/** Cut in the middle: where it happened stands first, why it happened last. */
function shortened(text: string): string {
  if (text.length <= MAX_LENGTH) return text;
  return `${text.slice(0, HEAD_LENGTH)} … ${text.slice(text.length - (MAX_LENGTH - HEAD_LENGTH))}`;
}
