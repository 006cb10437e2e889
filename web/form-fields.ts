import { isMap, type Json, type JsonMap, type Path } from './json.ts';

/** How a value is typed in. */
export type Control =
  | { readonly type: 'text' | 'secret' | 'long' }
  | { readonly type: 'number'; readonly whole: boolean; readonly least?: number; readonly most?: number }
  | { readonly type: 'switch' }
  | { readonly type: 'choice'; readonly choices: readonly Json[] }
  /** A list of texts or numbers: one a line. */
  | { readonly type: 'lines'; readonly numbers: boolean }
  /** Fields of its own. */
  | { readonly type: 'group'; readonly fields: readonly Field[] }
  /** Whatever a form can't show better. */
  | { readonly type: 'json' };

/** A value that the user may give. */
export interface Field {
  readonly path: Path;
  readonly label: string;
  readonly help: string | undefined;
  readonly required: boolean;
  /** What the service takes where nothing is given. */
  readonly fallback: Json | undefined;
  readonly control: Control;
}

/** Deeper groups are shown as JSON: nobody finds their way in more. */
const MAX_DEPTH = 4;
const SECRET = /passw(or)?d|secret|token|api[-_]?key/i;

/** The form for a schema of values as a custom resource has it: required fields first, then as the chart lists them. Pure. */
export function fieldsOf(schema: unknown, at: Path = [], depth = 0): readonly Field[] {
  const properties = isMap(schema) ? schema['properties'] : undefined;
  if (!isMap(properties)) return [];
  const needed = new Set(listIn(schema, 'required'));
  const fields = Object.entries(properties).flatMap(([key, inner]) => {
    if (!isMap(inner)) return [];
    return [fieldOf(inner, { key, path: [...at, key], required: needed.has(key), depth })];
  });
  return [...fields.filter(({ required }) => required), ...fields.filter(({ required }) => !required)];
}

interface Place {
  readonly key: string;
  readonly path: Path;
  readonly required: boolean;
  readonly depth: number;
}

function fieldOf(schema: JsonMap, { key, path, required, depth }: Place): Field {
  const { description, title } = { description: schema['description'], title: schema['title'] };
  return {
    path,
    label: typeof title === 'string' && title !== '' ? title : key,
    help: typeof description === 'string' && description.trim() !== '' ? description.trim() : undefined,
    required,
    fallback: schema['default'],
    control: controlOf(schema, key, path, depth),
  };
}

function controlOf(schema: JsonMap, key: string, path: Path, depth: number): Control {
  const choices = listIn(schema, 'enum');
  if (choices.length > 0) return { type: 'choice', choices };
  switch (schema['type']) {
    case 'boolean':
      return { type: 'switch' };
    case 'integer':
    case 'number':
      return { type: 'number', whole: schema['type'] === 'integer', ...bounds(schema) };
    case 'string':
      return textOf(schema, key);
    case 'array':
      return linesOf(schema['items']);
    case 'object': {
      const fields = depth < MAX_DEPTH ? fieldsOf(schema, path, depth + 1) : [];
      return fields.length === 0 ? { type: 'json' } : { type: 'group', fields };
    }
    default:
      return { type: 'json' };
  }
}

function textOf(schema: JsonMap, key: string): Control {
  if (schema['format'] === 'password' || SECRET.test(key)) return { type: 'secret' };
  const fallback = schema['default'];
  return { type: typeof fallback === 'string' && fallback.includes('\n') ? 'long' : 'text' };
}

function linesOf(items: Json | undefined): Control {
  const type = isMap(items) ? items['type'] : undefined;
  if (type === 'string') return { type: 'lines', numbers: false };
  return type === 'integer' || type === 'number' ? { type: 'lines', numbers: true } : { type: 'json' };
}

function bounds(schema: JsonMap): { readonly least?: number; readonly most?: number } {
  const { minimum, maximum } = { minimum: schema['minimum'], maximum: schema['maximum'] };
  return {
    ...(typeof minimum === 'number' ? { least: minimum } : {}),
    ...(typeof maximum === 'number' ? { most: maximum } : {}),
  };
}

function listIn(schema: unknown, key: string): readonly Json[] {
  const list = isMap(schema) ? schema[key] : undefined;
  return Array.isArray(list) ? (list as readonly Json[]) : []; // true: it came as JSON
}

/** `['web', 'port']` → `web.port`, as error messages and `kubectl explain` have it. */
export function nameOf(path: Path): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`),
    '',
  );
}

/** Every field with its groups' fields, by name. */
export function namesOf(fields: readonly Field[]): readonly string[] {
  return fields.flatMap(({ path, control }) => [
    nameOf(path),
    ...(control.type === 'group' ? namesOf(control.fields) : []),
  ]);
}
