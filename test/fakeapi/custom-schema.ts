import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { deepEqual } from '../../src/lib/deep-equal.ts';
import { clone, isMap, listAt, mapAt, stringAt, type JsonMap, type Stored } from './json.ts';
import { schemaOfItems } from './list-keys.ts';
import type { Resource } from './resources.ts';
import { invalid, type FieldFailure } from './write-errors.ts';

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });

/** A custom resource as the server reads it: unknown fields dropped (and told to `unknown`), defaults set. */
export function decodeCustom(resource: Resource, object: Stored, unknown: (path: string) => void): Stored {
  if (resource.schema === undefined) return object;
  const { apiVersion, kind, metadata, ...rest } = object;
  // True: a map stays a map.
  const kept = shape(rest, resource.schema, { path: '', unknown }) as JsonMap;
  return { apiVersion, kind, metadata, ...kept };
}

interface Telling {
  readonly path: string;
  readonly unknown: (path: string) => void;
}

/** Prunes and defaults by a structural schema. */
function shape(value: unknown, schema: JsonMap, telling: Telling): unknown {
  const { path, unknown } = telling;
  if (Array.isArray(value)) {
    const items = schemaOfItems(schema) ?? {};
    return (value as unknown[]).map((item, at) => shape(item, items, { path: `${path}[${at}]`, unknown }));
  }
  if (!isMap(value)) return value;
  const properties = mapAt(schema, 'properties');
  const additional = schema['additionalProperties'];
  const keepsAll = schema['x-kubernetes-preserve-unknown-fields'] === true || additional === true;
  const result: JsonMap = {};
  for (const [key, member] of Object.entries(value)) {
    const property = properties[key];
    const below = { path: path === '' ? key : `${path}.${key}`, unknown };
    if (isMap(property)) result[key] = nulled(shape(member, property, below), property);
    else if (isMap(additional)) result[key] = shape(member, additional, below);
    else if (keepsAll) result[key] = member;
    else unknown(below.path);
    if (result[key] === undefined) delete result[key];
  }
  for (const [key, property] of Object.entries(properties)) {
    if (isMap(property) && property['default'] !== undefined && result[key] === undefined) {
      result[key] = shape(clone(property['default']), property, telling);
    }
  }
  return result;
}

/** A null where none is allowed and a default exists is replaced by the default. */
function nulled(value: unknown, schema: JsonMap): unknown {
  return value === null && schema['nullable'] !== true && schema['default'] !== undefined ? undefined : value;
}

/** Throws Invalid for what the schema does not admit. What was wrong before and is untouched does not count. */
export function checkCustom(resource: Resource, object: Stored, before: Stored | undefined): void {
  if (resource.schema === undefined) return;
  const { metadata: _metadata, ...checked } = object;
  const validate = validatorOf(resource.schema);
  const errors = validate(checked) ? [] : (validate.errors ?? []);
  const failures = [
    ...errors.filter((error) => !isOld(pathOf(error), checked, before)).map(failureOf),
    ...duplicates(checked, resource.schema, []).filter(
      ({ field }) => !isOld(field.split(/[.[\]]+/), checked, before),
    ),
  ];
  if (failures.length > 0) throw invalid(resource, object.metadata.name, failures);
}

const validators = new WeakMap<JsonMap, ValidateFunction>();

function validatorOf(schema: JsonMap): ValidateFunction {
  let validate = validators.get(schema);
  if (validate === undefined) {
    const { properties, ...translated } = translate(schema);
    const { metadata: _metadata, ...rest } = isMap(properties) ? properties : {};
    validate = ajv.compile({ ...translated, properties: rest });
    validators.set(schema, validate);
  }
  return validate;
}

const pathOf = (error: ErrorObject): string[] => error.instancePath.split('/').slice(1);

/** The value an error is about is the one that was stored. Lists count as one value, so the error's own list must be. */
function isOld(path: readonly string[], object: JsonMap, before: Stored | undefined): boolean {
  if (before === undefined) return false;
  let [is, was]: [unknown, unknown] = [object, before];
  for (const key of path) {
    if (!isMap(is) || !isMap(was)) break;
    [is, was] = [is[key], was[key]];
  }
  return is !== undefined && is !== object && deepEqual(is, was);
}

function failureOf(error: ErrorObject): FieldFailure {
  const at = pathOf(error).reduce(
    (path, key) => (/^\d+$/.test(key) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`),
    '',
  );
  if (error.keyword === 'required') {
    const missing = String(error.params['missingProperty']);
    const field = at === '' ? missing : `${at}.${missing}`;
    return { field, message: 'Required value', reason: 'FieldValueRequired' };
  }
  return { field: at === '' ? '<nil>' : at, message: `Invalid value: ${error.message ?? 'is invalid'}` };
}

/** Items of a list whose keys, or values, must differ and do not. */
function duplicates(value: unknown, schema: JsonMap, path: readonly string[]): FieldFailure[] {
  const field = path.join('.');
  if (isMap(value)) {
    const additional = schema['additionalProperties'];
    return Object.entries(value).flatMap(([key, member]) => {
      const property = mapAt(schema, 'properties')[key] ?? additional;
      return isMap(property) ? duplicates(member, property, [...path, key]) : [];
    });
  }
  if (!Array.isArray(value)) return [];
  const items: readonly unknown[] = value;
  const type = stringAt(schema, 'x-kubernetes-list-type');
  const keys = listAt(schema, 'x-kubernetes-list-map-keys').map(String);
  const idOf = (item: unknown): string =>
    JSON.stringify(type === 'map' && isMap(item) ? keys.map((key) => item[key] ?? null) : item);
  const seen = new Set<string>();
  return items.flatMap((item, at) => {
    const twice = (type === 'map' || type === 'set') && seen.has(idOf(item));
    seen.add(idOf(item));
    const below = duplicates(item, schemaOfItems(schema) ?? {}, [
      ...path.slice(0, -1),
      `${path.at(-1)}[${at}]`,
    ]);
    if (!twice) return below;
    const message = `Duplicate value: ${JSON.stringify(item)}`;
    return [{ field: `${field}[${at}]`, message, reason: 'FieldValueDuplicate' as const }, ...below];
  });
}

/** Kubernetes's own keywords in terms of JSON Schema. */
function translate(schema: JsonMap): JsonMap {
  const result: JsonMap = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties' && isMap(value)) {
      result[key] = Object.fromEntries(
        Object.entries(value).map(([name, s]) => [name, isMap(s) ? translate(s) : s]),
      );
    } else if ((key === 'items' || key === 'additionalProperties' || key === 'not') && isMap(value))
      result[key] = translate(value);
    else if ((key === 'allOf' || key === 'anyOf' || key === 'oneOf') && Array.isArray(value)) {
      result[key] = value.map((s) => (isMap(s) ? translate(s) : (s as unknown)));
    } else if (key === 'exclusiveMinimum' || key === 'exclusiveMaximum') {
      // A flag on the bound here, a bound of its own in later drafts.
      if (value === true) result[key] = schema[key === 'exclusiveMinimum' ? 'minimum' : 'maximum'];
    } else if (key !== 'default' && !key.startsWith('x-kubernetes-')) result[key] = value;
  }
  if (result['format'] === 'date-time')
    result['pattern'] ??= String.raw`^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$`;
  if (schema['x-kubernetes-int-or-string'] === true) result['type'] = ['integer', 'string'];
  if (schema['nullable'] === true && result['type'] !== undefined)
    result['type'] = [result['type'], 'null'].flat();
  delete result['nullable'];
  delete result['format'];
  return result;
}
