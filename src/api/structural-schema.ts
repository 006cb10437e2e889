import type { Json } from '../kube/object.ts';
import { isJsonObject, resolveRef, type JsonObject } from './json-schema.ts';
import { mergeSchemas } from './merge-schemas.ts';
import { isGoPattern } from './schema-pattern.ts';
import { simplifyUnion, withoutRemarks } from './schema-union.ts';

/**
 * Turns JSON Schema (drafts 4 to 2020-12, or what zod writes) into the *structural* form that the API server demands of
 * a CRD: every field has one type, nothing is referenced, and no value that was accepted before is lost by pruning.
 * What can't be said there is left out and listed. The rule of thumb: never refuse and never prune a value that the
 * original schema accepts.
 */

/** A rule of the original schema that the compiled one does not enforce. */
export interface NotEnforced {
  /** Path of the field, `spec.ingress.hosts[]`. */
  readonly path: string;
  readonly keyword: string;
}

export interface Structural {
  readonly schema: JsonObject;
  readonly notEnforced: readonly NotEnforced[];
}

export interface StructuralOptions {
  /** Path of the root in `notEnforced`; default `spec`. */
  readonly path?: string;
  /** `own`: `x-kubernetes-*` is kept, for schemas we wrote. `chart`: only the two that say less about a shape. */
  readonly origin?: 'own' | 'chart';
}

/** Nodes of one compiled schema; above it etcd's object limit and the server's patience come near. */
export const MAX_SCHEMA_NODES = 5000;
/** Levels of one compiled schema; the server limits nothing here, recursion does. */
export const MAX_SCHEMA_DEPTH = 40;
/** Entries of `notEnforced`: it ends up in a status that people read. */
export const MAX_NOT_ENFORCED = 100;

/** Accepts everything and keeps it, but for null, which the server drops from a field that is not nullable. */
export const ANYTHING: JsonObject = { 'x-kubernetes-preserve-unknown-fields': true };
const ANYTHING_OR_NULL: JsonObject = { ...ANYTHING, nullable: true };

interface Context {
  readonly root: Json;
  readonly origin: 'own' | 'chart';
  readonly notEnforced: NotEnforced[];
  nodes: number;
}

interface At {
  readonly path: string;
  readonly depth: number;
  /** References being followed: one met again is recursive and has no structural form. */
  readonly refs: readonly string[];
}

/** Formats that the API server checks in the sense JSON Schema gives them. */
const SHARED_FORMATS = new Set([
  'int32',
  'int64',
  'float',
  'double',
  'byte',
  'date',
  'date-time',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uri',
  'uuid',
  'password',
]);

/** Keywords that restrict values and have no place in a structural schema. */
const INEXPRESSIBLE = [
  'if',
  'not',
  'dependencies',
  'dependentRequired',
  'dependentSchemas',
  'propertyNames',
  'contains',
  'prefixItems',
  'unevaluatedProperties',
  'unevaluatedItems',
  'oneOf',
] as const;

/** Largest safe integers, which zod writes on every `int()`: not a rule anybody stated. */
const ZOD_BOUNDS = new Set<Json>([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);

/** Compiles a schema. Pure and total: any JSON gives a structural schema. */
export function toStructural(schema: Json, options: StructuralOptions = {}): Structural {
  const context: Context = { root: schema, origin: options.origin ?? 'chart', notEnforced: [], nodes: 0 };
  const compiled = compile(schema, { path: options.path ?? 'spec', depth: 0, refs: [] }, context);
  return { schema: compiled, notEnforced: context.notEnforced };
}

function note(context: Context, at: At, keyword: string): void {
  const known = context.notEnforced.some((entry) => entry.path === at.path && entry.keyword === keyword);
  if (!known && context.notEnforced.length < MAX_NOT_ENFORCED) {
    context.notEnforced.push({ path: at.path, keyword });
  }
}

function compile(node: Json, at: At, context: Context): JsonObject {
  context.nodes += 1;
  if (context.nodes > MAX_SCHEMA_NODES || at.depth > MAX_SCHEMA_DEPTH) {
    note(context, { ...at, path: at.path.slice(0, 200) }, 'size');
    return ANYTHING_OR_NULL;
  }
  if (!isJsonObject(node)) {
    if (node === false) note(context, at, 'false');
    return context.origin === 'own' ? ANYTHING : ANYTHING_OR_NULL;
  }
  const flat = flatten(node, at, context);
  const inner: At = { ...at, depth: at.depth + 1, refs: flat.refs };
  for (const keyword of INEXPRESSIBLE) {
    if (flat.node[keyword] !== undefined) note(context, at, keyword);
  }
  const union = typesOf(flat.node);
  const out: Record<string, Json> = { ...annotations(flat.node) };
  if (union.nullable || (context.origin === 'chart' && takesNull(flat.node))) out['nullable'] = true;
  Object.assign(out, shape(flat.node, union.types, inner, context));
  Object.assign(out, commonRules(flat.node, at, context));
  return out;
}

/** A node with its references followed and its `allOf` merged in. */
function flatten(node: JsonObject, at: At, context: Context): { node: JsonObject; refs: readonly string[] } {
  if (isNullOrUnion(node)) {
    const { nullable: _nullable, ...union } = node;
    const { node: flat, refs } = flatten(union, at, context);
    return { node: orNull(flat, context.origin), refs };
  }
  const { $ref, allOf, ...own } = node;
  let refs = at.refs;
  let flat = typedNull(own);
  const conflict = (keyword: string): void => note(context, at, keyword);
  const parts: Json[] = [];
  if (typeof $ref === 'string') {
    const target = refs.includes($ref) ? undefined : resolveRef(context.root, $ref);
    refs = [...refs, $ref];
    if (target === undefined) note(context, at, '$ref');
    else parts.push(target);
  }
  if (Array.isArray(allOf)) parts.push(...(allOf as readonly Json[]));
  for (const part of parts) {
    if (!isJsonObject(part)) continue;
    const below = flatten(part, { ...at, refs, depth: at.depth + 1 }, context);
    refs = below.refs;
    flat = mergeSchemas(flat, below.node, conflict);
  }
  const simple = simplifyUnion(flat, conflict);
  if (simple === flat || refs.length > MAX_SCHEMA_DEPTH) return { node: withNull(flat), refs };
  // What a union collapsed to may itself refer to something or be a union.
  return flatten(simple, { ...at, refs }, context);
}

/** True for what `simplifyUnion` makes of a union with null in it: null, or one of the rest. */
function isNullOrUnion(node: JsonObject): boolean {
  const [keyword, ...others] = Object.keys(node).filter((name) => name !== 'nullable');
  return node['nullable'] === true && others.length === 0 && (keyword === 'anyOf' || keyword === 'oneOf');
}

/**
 * A flat node with null beside it. One that declares no type takes null unless it lists values without it; `nullable`
 * would let null in also where the rules it is merged with refuse it.
 */
function orNull(node: JsonObject, origin: Context['origin']): JsonObject {
  if (origin === 'chart' && takesNull(node)) return node;
  const both = withNull({ ...node, nullable: true });
  if (origin === 'own' || node['type'] !== undefined || both['x-kubernetes-int-or-string'] === true)
    return both;
  const { nullable: _nullable, ...rest } = both;
  return rest;
}

/** OpenAPI's way to say "or null" in JSON Schema's, so that two rules about types can be compared. */
function typedNull(node: JsonObject): JsonObject {
  if (node['nullable'] !== true || node['type'] === undefined) return node;
  const { nullable: _nullable, ...rest } = node;
  return { ...rest, type: [...new Set([node['type'], 'null'].flat())] };
}

/** What a union with null left behind (`nullable`), said by the type and by the list of values. */
function withNull(node: JsonObject): JsonObject {
  if (node['nullable'] !== true || node['x-kubernetes-int-or-string'] === true) return node;
  // Still to be merged with what it belongs to.
  if (Object.keys(node).length === 1) return node;
  const { nullable: _nullable, const: only, ...rest } = node;
  const values = only === undefined ? node['enum'] : [only];
  return {
    ...rest,
    ...(node['type'] === undefined
      ? { nullable: true }
      : { type: [...new Set([node['type'], 'null'].flat())] }),
    ...(Array.isArray(values) ? { enum: [...new Set([...(values as readonly Json[]), null])] } : {}),
  };
}

/** Description as `kubectl explain` shows it. */
function annotations(node: JsonObject): JsonObject {
  const title = typeof node['title'] === 'string' ? node['title'].trim() : '';
  const text = typeof node['description'] === 'string' ? node['description'].trim() : '';
  const description = title !== '' && text !== '' && title !== text ? `${title}: ${text}` : text || title;
  return description === '' ? {} : { description: description.slice(0, 2000) };
}

/** True if nothing in the node speaks against null: no type is declared, and values that are listed have it among them. */
function takesNull(node: JsonObject): boolean {
  if (node['type'] !== undefined || node['x-kubernetes-int-or-string'] === true) return false;
  if (node['const'] !== undefined) return node['const'] === null;
  return !Array.isArray(node['enum']) || node['enum'].includes(null);
}

function typesOf(node: JsonObject): { types: readonly string[]; nullable: boolean } {
  const declared = typeof node['type'] === 'string' ? [node['type']] : node['type'];
  const nullable = node['nullable'] === true;
  if (Array.isArray(declared)) {
    const names = (declared as readonly Json[]).filter((type) => typeof type === 'string');
    return { types: names.filter((type) => type !== 'null'), nullable: nullable || names.includes('null') };
  }
  const says = (keyword: string): boolean => node[keyword] !== undefined;
  if (says('properties') || says('additionalProperties') || says('patternProperties') || says('required')) {
    return { types: ['object'], nullable };
  }
  if (says('items') || says('prefixItems')) return { types: ['array'], nullable };
  return { types: typesOfValues(node), nullable };
}

/** Types of `enum` or `const` where nothing else tells the type. */
function typesOfValues(node: JsonObject): readonly string[] {
  const values = node['const'] === undefined ? node['enum'] : [node['const']];
  if (!Array.isArray(values)) return [];
  const types = new Set(
    (values as readonly Json[]).map((value) =>
      typeof value === 'number' ? (Number.isInteger(value) ? 'integer' : 'number') : typeof value,
    ),
  );
  return types.size === 1 && !types.has('object') ? [...types] : [];
}

function shape(node: JsonObject, types: readonly string[], at: At, context: Context): JsonObject {
  const isText = types.includes('string');
  if (
    node['x-kubernetes-int-or-string'] === true ||
    (types.length === 2 && isText && types.includes('integer'))
  ) {
    const { type: _type, ...rules } = {
      ...stringShape(node, at, context),
      ...numberRules(node, context.origin),
    };
    return { 'x-kubernetes-int-or-string': true, ...rules };
  }
  const isNumeric = types.every((name) => name === 'integer' || name === 'number');
  const type = types.length > 1 && isNumeric ? 'number' : types[0];
  if (type === undefined) return openShape(node, at, context);
  if (types.length > 1 && !isNumeric) {
    note(context, at, 'type');
    return ANYTHING;
  }
  switch (type) {
    case 'string':
      return stringShape(node, at, context);
    case 'integer':
    case 'number':
      return { type, ...numberRules(node, context.origin), ...formatOf(node, at, context) };
    case 'boolean':
      return { type };
    case 'array':
      return arrayShape(node, at, context);
    case 'object':
      return objectShape(node, at, context);
    default:
      note(context, at, 'type'); // a word JSON Schema does not know
      return ANYTHING;
  }
}

/** Rules about one type of values, which need that type beside them. */
const TYPED_RULES = [
  'minLength',
  'maxLength',
  'pattern',
  'format',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
] as const;

/** Where no type is told: everything is kept, and nothing but a list of values is a rule. */
function openShape(node: JsonObject, at: At, context: Context): JsonObject {
  if (node['type'] !== undefined) note(context, at, 'type'); // null alone
  for (const rule of TYPED_RULES) if (node[rule] !== undefined) note(context, at, rule);
  return ANYTHING;
}

function pick(node: JsonObject, ...keywords: readonly string[]): Record<string, Json> {
  const out: Record<string, Json> = {};
  for (const keyword of keywords) {
    const value = node[keyword];
    if (typeof value === 'number' && Number.isFinite(value)) out[keyword] = value;
  }
  return out;
}

function formatOf(node: JsonObject, at: At, context: Context): JsonObject {
  const format = node['format'];
  if (typeof format !== 'string') return {};
  if (SHARED_FORMATS.has(format)) return { format };
  note(context, at, 'format');
  return {};
}

function stringShape(node: JsonObject, at: At, context: Context): JsonObject {
  const out = { type: 'string', ...pick(node, 'minLength', 'maxLength'), ...formatOf(node, at, context) };
  const pattern = node['pattern'];
  if (typeof pattern !== 'string') return out;
  if (isGoPattern(pattern)) return { ...out, pattern };
  note(context, at, 'pattern');
  return out;
}

/** Bounds in OpenAPI's form, where `exclusiveMinimum` is a boolean beside `minimum`, as in draft 4. */
function numberRules(node: JsonObject, origin: 'own' | 'chart'): JsonObject {
  const out = pick(node, 'minimum', 'maximum', 'multipleOf');
  if (origin === 'own') {
    for (const bound of ['minimum', 'maximum']) {
      if (ZOD_BOUNDS.has(out[bound] ?? null)) delete out[bound];
    }
  }
  const bounds = [
    ['minimum', 'exclusiveMinimum', (a: number, b: number) => a >= b],
    ['maximum', 'exclusiveMaximum', (a: number, b: number) => a <= b],
  ] as const;
  for (const [bound, exclusive, isTighter] of bounds) {
    const limit = node[exclusive];
    const inclusive = out[bound];
    if (limit === true && inclusive !== undefined) out[exclusive] = true;
    if (typeof limit !== 'number') continue;
    if (typeof inclusive === 'number' && !isTighter(limit, inclusive)) continue;
    out[bound] = limit;
    out[exclusive] = true;
  }
  return out;
}

function arrayShape(node: JsonObject, at: At, context: Context): JsonObject {
  const out: Record<string, Json> = { type: 'array', ...pick(node, 'minItems', 'maxItems') };
  if (node['uniqueItems'] === true) note(context, at, 'uniqueItems');
  const { items } = node;
  if (Array.isArray(items)) note(context, at, 'items'); // a tuple, in the drafts before 2020-12
  const isTuple = Array.isArray(items) || node['prefixItems'] !== undefined;
  out['items'] =
    items === undefined || isTuple ? ANYTHING : compile(items, { ...at, path: `${at.path}[]` }, context);
  return out;
}

function objectShape(node: JsonObject, at: At, context: Context): JsonObject {
  const out: Record<string, Json> = { type: 'object', ...pick(node, 'minProperties', 'maxProperties') };
  const { properties, additionalProperties, patternProperties } = node;
  const named = isJsonObject(properties) ? Object.entries(properties) : [];
  if (named.length > 0) {
    out['properties'] = Object.fromEntries(
      named.map(([name, schema]) => [name, compile(schema, { ...at, path: `${at.path}.${name}` }, context)]),
    );
  }
  const required = Array.isArray(node['required'])
    ? (node['required'] as readonly Json[]).filter((name) => typeof name === 'string')
    : [];
  if (required.length > 0) out['required'] = [...new Set(required)];
  const hasPatterns = isJsonObject(patternProperties) && Object.keys(patternProperties).length > 0;
  if (hasPatterns) note(context, at, 'patternProperties');
  if (additionalProperties === false && (hasPatterns || named.length === 0))
    note(context, at, 'additionalProperties');
  const rest = isJsonObject(additionalProperties) && Object.keys(additionalProperties).length > 0;
  if (rest && named.length === 0 && !hasPatterns) {
    out['additionalProperties'] = compile(additionalProperties, { ...at, path: `${at.path}.*` }, context);
    return out;
  }
  // The server refuses both forms at once, so the named fields keep their rules and the others are kept as they are.
  if (rest) note(context, at, 'additionalProperties');
  const isHinted = node['x-kubernetes-preserve-unknown-fields'] === true;
  const isClosed = additionalProperties === false && !hasPatterns && !isHinted && named.length > 0;
  const keepsUnknown = context.origin === 'chart' ? !isClosed : named.length === 0 || isLoose(node);
  if (keepsUnknown) out['x-kubernetes-preserve-unknown-fields'] = true;
  return out;
}

/** Zod's loose object: named fields and `additionalProperties: {}`. */
function isLoose(node: JsonObject): boolean {
  const rest = node['additionalProperties'];
  return rest === true || isJsonObject(rest);
}

/** Enums, the alternatives that hold values only, and, in our own schemas, Kubernetes' extensions. */
function commonRules(node: JsonObject, at: At, context: Context): JsonObject {
  const out: Record<string, Json> = {};
  const listed = node['const'] === undefined ? node['enum'] : [node['const']];
  const values = Array.isArray(listed) ? (listed as readonly Json[]) : [];
  const others = values.filter((value) => value !== null);
  if (node['const'] !== undefined && node['enum'] !== undefined) note(context, at, 'enum');
  if (Array.isArray(node['anyOf'])) out['anyOf'] = (node['anyOf'] as readonly Json[]).map(withoutRemarks);
  if (others.length === values.length) {
    if (values.length > 0) out['enum'] = values;
  } else if (others.length > 0 && out['anyOf'] === undefined) {
    // The server matches null with no list of values, not even with one that names it; alternatives it does not try for null.
    out['anyOf'] = [{ enum: others }];
  } else note(context, at, node['const'] === undefined ? 'enum' : 'const');
  if (context.origin === 'chart') return out;
  for (const [keyword, value] of Object.entries(node)) {
    if (keyword.startsWith('x-kubernetes-') && value !== false) out[keyword] = value;
  }
  return out;
}
