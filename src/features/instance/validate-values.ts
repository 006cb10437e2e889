import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Json } from '../../kube/object.ts';
import type { Finding } from '../../runtime/admission.ts';
import { sha256 } from '../../lib/hash.ts';
import { timeLimited, TooSlow } from './time-limited.ts';
import type { Values } from './values.ts';
import { isJsonObject } from '../../api/json-schema.ts';

/** Findings told at once; with `anyOf` one mistake can make dozens. */
const MAX_FINDINGS = 20;
/** Compiled schemas kept: one for each revision in use. */
const MAX_SCHEMAS = 64;
/** Milliseconds for one schema to be compiled, and for one check; the largest public schemas take a tenth of it. */
const COMPILE_MS = 2000;
const CHECK_MS = 500;
/** Characters of a value that are repeated in a message. */
const MAX_VALUE = 80;
/** Rules that what is still missing at admission (values from Secrets) may yet fulfil. */
const ABOUT_ABSENCE = new Set([
  'required',
  'minProperties',
  'dependentRequired',
  'dependencies',
  'anyOf',
  'oneOf',
  'if',
  'contains',
]);

const OPTIONS: Options = {
  allErrors: true,
  strict: false,
  // Charts' schemas are as they are: what Helm takes is taken here.
  validateSchema: false,
  logger: false,
  verbose: true,
};

/** Checks values against charts' schemas; compiled once each. */
export class ValuesValidator {
  readonly #compiled = new Map<string, ValidateFunction | undefined>();

  /**
   * What the schema refuses in the values. `own`: those that the user gave and messages may repeat. `partial`: further values come later, so what is missing is no finding.
   * A schema that can't be compiled, or takes too long, refuses nothing here, from then on: rendering checks with Helm's own
   * code, in a worker that can be ended.
   */
  findings(schema: Json, values: Values, partial: boolean, own: Values = values): readonly Finding[] {
    if (!isJsonObject(schema)) return [];
    const key = sha256(JSON.stringify(schema));
    const validate = this.#compile(key, schema);
    if (validate === undefined) return [];
    try {
      if (timeLimited(CHECK_MS, () => validate(values))) return [];
    } catch (error) {
      if (!(error instanceof TooSlow)) throw error;
      // Once: whoever could send such values again and again would hold up all others.
      this.#compiled.set(key, undefined);
      return [];
    }
    const errors = (validate.errors ?? []).filter(({ keyword }) => !partial || !ABOUT_ABSENCE.has(keyword));
    const findings = errors.filter(isTelling(errors)).map((error) => findingOf(error, own));
    return [...new Map(findings.map((finding) => [finding.message, finding])).values()].slice(
      0,
      MAX_FINDINGS,
    );
  }

  #compile(key: string, schema: Values): ValidateFunction | undefined {
    if (this.#compiled.has(key)) return this.#compiled.get(key);
    const compiled = compile(schema);
    this.#compiled.set(key, compiled);
    const [oldest] = this.#compiled.keys();
    if (this.#compiled.size > MAX_SCHEMAS && oldest !== undefined) this.#compiled.delete(oldest);
    return compiled;
  }
}

function compile(schema: Values): ValidateFunction | undefined {
  const dialect = typeof schema['$schema'] === 'string' ? schema['$schema'] : '';
  // The dialect is chosen here; ajv would look for its meta-schema otherwise.
  const { $schema: _dialect, ...rules } = schema;
  const build = (): ValidateFunction => {
    if (dialect.includes('2020-12')) return formats.default(new Ajv2020(OPTIONS)).compile(rules);
    if (dialect.includes('2019-09')) return formats.default(new Ajv2019(OPTIONS)).compile(rules);
    const ajv = formats.default(new Ajv(OPTIONS));
    return ajv.compile(dialect.includes('draft-04') ? fromDraft4(rules) : rules);
  };
  try {
    return timeLimited(COMPILE_MS, build);
  } catch {
    return undefined;
  }
}

/** Draft 4 says `id` and has boolean exclusive limits; the rest is understood by later drafts. */
function fromDraft4(schema: Values): Values {
  const next: Record<string, Json> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'id' && typeof value === 'string') next['$id'] = value;
    else if (key === 'exclusiveMinimum' && typeof value === 'boolean')
      Object.assign(next, exclusive(schema, value, 'minimum', key));
    else if (key === 'exclusiveMaximum' && typeof value === 'boolean')
      Object.assign(next, exclusive(schema, value, 'maximum', key));
    else if (key === 'enum' || key === 'default') next[key] = value;
    else next[key] = deep(value);
  }
  if (schema['exclusiveMinimum'] === true) delete next['minimum'];
  if (schema['exclusiveMaximum'] === true) delete next['maximum'];
  return next;
}

function exclusive(schema: Values, on: boolean, limit: string, key: string): Values {
  const value = schema[limit];
  return on && value !== undefined ? { [key]: value } : {};
}

function deep(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => deep(item));
  return isJsonObject(value) ? fromDraft4(value) : value;
}

/** `anyOf` and the like repeat what their branches say; they speak only where no branch does. */
function isTelling(errors: readonly ErrorObject[]): (error: ErrorObject) => boolean {
  const COMBINED = new Set(['anyOf', 'oneOf', 'if', 'allOf']);
  return (error) =>
    !COMBINED.has(error.keyword) ||
    !errors.some(
      (other) => !COMBINED.has(other.keyword) && other.instancePath.startsWith(error.instancePath),
    );
}

function findingOf(error: ErrorObject, own: Values): Finding {
  const { keyword, instancePath, params } = error;
  const at = fieldOf(instancePath);
  if (keyword === 'required') {
    const field = `${at}.${String(params['missingProperty'])}`;
    return { field, message: `${field}: is required by the chart` };
  }
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') {
    const name = params['additionalProperty'] ?? params['unevaluatedProperty'];
    const field = `${at}.${String(name)}`;
    return { field, message: `${field}: is no value of the chart (${keyword})` };
  }
  return { field: at, message: `${at}: ${shown(valueAt(own, instancePath))} ${ruleOf(error)}` };
}

function ruleOf({ keyword, params, message }: ErrorObject): string {
  if (keyword === 'enum') return `must be one of ${shown(params['allowedValues'])} (enum)`;
  if (keyword === 'const') return `must be ${shown(params['allowedValue'])} (const)`;
  return `${message ?? 'is refused'} (${keyword})`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'the value';
  return text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE)}…`;
}

function stepsOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What stands at a JSON pointer; undefined where nothing does. */
function valueAt(values: Values, pointer: string): Json | undefined {
  return stepsOf(pointer).reduce<Json | undefined>((node, step) => {
    if (Array.isArray(node)) return (node as readonly Json[])[Number(step)];
    return isJsonObject(node) && Object.hasOwn(node, step) ? node[step] : undefined;
  }, values);
}

/** A JSON pointer as the path of a field: `/a/0/b` is `spec.a[0].b`. */
function fieldOf(pointer: string): string {
  return stepsOf(pointer).reduce(
    (path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : `${path}.${part}`),
    'spec',
  );
}
