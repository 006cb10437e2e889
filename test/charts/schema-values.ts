import * as fc from 'fast-check';
import { isJsonObject, resolveRef, type JsonObject } from '../../src/api/json-schema.ts';
import type { Json } from '../../src/kube/object.ts';

/** Levels that are followed; below, anything is given. Schemas may be recursive. */
const MAX_DEPTH = 7;

/** Text that a person would write there. */
export const tameText: fc.Arbitrary<string> = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9]$/);

const TRAPS: readonly string[] = [
  '| |yes|Off|null|~|1e3|0x1F|0644|1_000|.5|12:30|2024-01-01|1.10|a: b|- a|# no|a #b|*a|&b|!c|%d|@e|`f`|>-|"'.split(
    '|',
  ),
  ["'", "it's", '|', '\\', '{{ .Release.Name }}', '{{ .Values.', '{{/* */}}', '${x}'],
  ['a\nb', '\n\n  a\n', '\t', 'ä 😀', '\u2028', '---'],
].flat();

/** Text that YAML, templates or Kubernetes could take for something else. */
export const wildText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...TRAPS),
  fc.string({ maxLength: 12 }),
);

/** Any value, small. */
export const anyValue: fc.Arbitrary<Json> = fc.oneof(
  { arbitrary: tameText, weight: 3 },
  { arbitrary: wildText, weight: 1 },
  fc.integer({ min: -3, max: 9000 }),
  fc.boolean(),
  fc.constantFrom<Json>(null, [], {}, 0.5, 1e10, -1),
  fc.array(tameText, { maxLength: 3 }),
  fc.dictionary(tameText, fc.oneof(tameText, fc.nat(9)), { maxKeys: 3 }),
  fc.array(fc.dictionary(tameText, tameText, { maxKeys: 2 }), { maxLength: 2 }),
);

/** Values that a schema accepts, most of the time: the draw knows the common keywords, and judges nothing. */
export function valuesBySchema(schema: Json, root: Json = schema, depth = 0): fc.Arbitrary<Json> {
  if (!isJsonObject(schema) || depth > MAX_DEPTH) return anyValue;
  const { $ref, allOf, anyOf, oneOf, then, ...own } = schema;
  const below = (next: Json): fc.Arbitrary<Json> => valuesBySchema(next, root, depth + 1);
  if (typeof $ref === 'string') {
    const target = resolveRef(root, $ref);
    return isJsonObject(target) ? below({ ...target, ...own }) : anyValue;
  }
  const parts = [
    ...(Array.isArray(allOf) ? (allOf as readonly Json[]) : []),
    ...(isJsonObject(then) ? [then] : []),
  ];
  if (parts.length > 0)
    return below({
      ...joined([own, ...parts], root),
      ...(anyOf ? { anyOf } : {}),
      ...(oneOf ? { oneOf } : {}),
    });
  const branches = Array.isArray(anyOf) ? anyOf : oneOf;
  if (Array.isArray(branches) && branches.length > 0) {
    return fc.oneof(...(branches as readonly Json[]).map((branch) => below(joined([own, branch], root))));
  }
  if (own['const'] !== undefined) return fc.constant(own['const']);
  if (Array.isArray(own['enum']) && own['enum'].length > 0)
    return fc.constantFrom(...(own['enum'] as readonly Json[]));
  const types = typesOf(own);
  return types.length === 0 ? anyValue : fc.oneof(...types.map((type) => ofType(type, own, below)));
}

/** What several schemas say together, as far as a draw needs it: the later one wins but for the fields of objects. */
function joined(parts: readonly Json[], root: Json): JsonObject {
  const out: Record<string, Json> = {};
  for (const part of parts) {
    if (!isJsonObject(part)) continue;
    const target = typeof part['$ref'] === 'string' ? resolveRef(root, part['$ref']) : undefined;
    for (const [keyword, value] of Object.entries({ ...(isJsonObject(target) ? target : {}), ...part })) {
      const before = out[keyword];
      if (keyword === '$ref' && target !== undefined) continue;
      if (isJsonObject(before) && isJsonObject(value)) out[keyword] = { ...before, ...value };
      else if (keyword === 'required' && Array.isArray(before) && Array.isArray(value))
        out[keyword] = [...(before as readonly Json[]), ...(value as readonly Json[])];
      else out[keyword] = value;
    }
  }
  return out;
}

function typesOf(schema: JsonObject): readonly string[] {
  const declared = [schema['type'] ?? []].flat().filter((type) => typeof type === 'string');
  if (schema['nullable'] === true) declared.push('null');
  if (declared.length > 0) return declared;
  if (['properties', 'additionalProperties', 'patternProperties', 'required'].some((key) => key in schema))
    return ['object'];
  if ('items' in schema || 'prefixItems' in schema) return ['array'];
  return 'pattern' in schema || 'format' in schema ? ['string'] : [];
}

function ofType(
  type: string,
  schema: JsonObject,
  below: (schema: Json) => fc.Arbitrary<Json>,
): fc.Arbitrary<Json> {
  switch (type) {
    case 'string':
      return textOf(schema);
    case 'integer':
      return numberOf(schema, 1);
    case 'number':
      return numberOf(schema, 0.25);
    case 'boolean':
      return fc.boolean();
    case 'array':
      return listOf(schema, below);
    case 'object':
      return mapOf(schema, below);
    default:
      return fc.constant(null);
  }
}

const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  ipv4: ['10.0.0.1'],
  ipv6: ['fd00::1'],
  email: ['a@example.com'],
  hostname: ['example.com'],
  uri: ['https://example.com/x'],
  date: ['2024-02-29'],
  'date-time': ['2024-02-29T12:00:00Z'],
  uuid: ['123e4567-e89b-42d3-a456-426614174000'],
  duration: ['P1D'],
};

function textOf(schema: JsonObject): fc.Arbitrary<string> {
  const { pattern, format } = schema;
  const examples = typeof format === 'string' ? EXAMPLES[format] : undefined;
  if (examples !== undefined) return fc.oneof(fc.constantFrom(...examples), tameText);
  const least = numberIn(schema, 'minLength') ?? 0;
  const most = Math.max(least, Math.min(numberIn(schema, 'maxLength') ?? 12, least + 12));
  const plain = fc
    .oneof({ arbitrary: tameText, weight: 4 }, wildText)
    .map((text) => text.slice(0, most).padEnd(least, 'x'));
  if (typeof pattern !== 'string') return plain;
  try {
    return fc.stringMatching(new RegExp(pattern, 'u'));
  } catch {
    return plain; // a pattern that the draw can't turn round
  }
}

function numberOf(schema: JsonObject, step: number): fc.Arbitrary<number> {
  const unit = numberIn(schema, 'multipleOf') ?? step;
  const low = numberIn(schema, 'minimum') ?? numberIn(schema, 'exclusiveMinimum') ?? -2;
  const high = numberIn(schema, 'maximum') ?? numberIn(schema, 'exclusiveMaximum') ?? low + 70_000 * unit;
  const [first, last] = [Math.ceil(low / unit), Math.floor(high / unit)];
  return fc.integer({ min: first, max: Math.max(first, last) }).map((count) => count * unit);
}

function listOf(schema: JsonObject, below: (schema: Json) => fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  const tuple = Array.isArray(schema['items']) ? schema['items'] : schema['prefixItems'];
  if (Array.isArray(tuple))
    return fc.tuple(...(tuple as readonly Json[]).map(below)).map((list): Json => list);
  const least = numberIn(schema, 'minItems') ?? 0;
  const most = Math.max(least, Math.min(numberIn(schema, 'maxItems') ?? 3, least + 3));
  return fc.array(below(schema['items'] ?? {}), { minLength: least, maxLength: most });
}

function mapOf(schema: JsonObject, below: (schema: Json) => fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required'])
    ? (schema['required'] as readonly Json[]).filter((name) => typeof name === 'string')
    : [];
  const named = Object.fromEntries(
    [...Object.keys(properties), ...required].map((name) => [name, below(properties[name] ?? {})]),
  );
  const fields = fc.record(named, { requiredKeys: required });
  return fc.tuple(fields, extraOf(schema, below)).map(([known, extra]): Json => ({ ...extra, ...known }));
}

/** Fields that the schema does not name. */
function extraOf(
  schema: JsonObject,
  below: (schema: Json) => fc.Arbitrary<Json>,
): fc.Arbitrary<Record<string, Json>> {
  const { patternProperties, additionalProperties } = schema;
  const patterns = isJsonObject(patternProperties) ? Object.entries(patternProperties) : [];
  const [first] = patterns;
  if (first !== undefined)
    return fc.dictionary(textOf({ pattern: first[0] }), below(first[1]), { maxKeys: 2 });
  if (additionalProperties === false) return fc.constant({});
  const value =
    additionalProperties === undefined || additionalProperties === true
      ? anyValue
      : below(additionalProperties);
  const isMap = schema['properties'] === undefined;
  return isMap
    ? fc.dictionary(tameText, value, { maxKeys: 3 })
    : fc.oneof({ arbitrary: fc.constant({}), weight: 4 }, fc.dictionary(tameText, value, { maxKeys: 1 }));
}

function numberIn(schema: JsonObject, keyword: string): number | undefined {
  const value = schema[keyword];
  return typeof value === 'number' ? value : undefined;
}
