import { isJsonObject, resolveRef, type JsonObject } from '../../src/api/json-schema.ts';
import type { Json } from '../../src/kube/object.ts';
import { deepEqual } from '../../src/lib/deep-equal.ts';

/** A keyword on the way from the root of a schema to the rule that was broken, and the field it stands at. */
interface Step {
  readonly keyword: string;
  readonly path: string;
}

/** A broken rule: the keywords that lead to it, the rule itself last. */
export type Failure = readonly Step[];

interface Look {
  readonly root: Json;
  readonly path: string;
  readonly steps: Failure;
}

/**
 * Which rules of a JSON Schema a value breaks. Slow and plain, written for tests: other validators say that a rule was broken
 * but not under which keywords it stands. Formats are not judged.
 */
export function brokenRules(schema: Json, value: Json, path = 'spec'): readonly Failure[] {
  return judge(schema, value, { root: schema, path, steps: [] });
}

function judge(schema: Json, value: Json, look: Look): readonly Failure[] {
  if (schema === false) return [at(look, 'false')];
  if (!isJsonObject(schema)) return [];
  const broken: Failure[] = [];
  for (const [keyword, rule] of Object.entries(schema)) {
    const below = { ...look, steps: at(look, keyword) };
    const nested = NESTED[keyword]?.(rule, value, below, schema);
    if (nested !== undefined) broken.push(...nested);
    if (PLAIN[keyword]?.(rule, value, schema) === false) broken.push(below.steps);
  }
  return broken;
}

function at({ steps, path }: Look, keyword: string): Failure {
  return [...steps, { keyword, path }];
}

const holds = (schema: Json, value: Json, look: Look): boolean => judge(schema, value, look).length === 0;
const list = (value: Json): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);
/** A rule that is text by its nature: a pattern, a reference, a name. */
const word = (value: Json): string => (typeof value === 'string' ? value : '');
const letters = (value: string): number => Array.from(value).length;

function hasType(type: Json, value: Json): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isJsonObject(value);
  if (type === 'integer') return typeof value === 'number' && Number.isInteger(value);
  return typeof value === type;
}

/** A rule about values: false where it is broken. */
type Plain = (rule: Json, value: Json, schema: JsonObject) => boolean;

const number =
  (test: (value: number, rule: number, schema: JsonObject) => boolean): Plain =>
  (rule, value, schema) =>
    typeof rule !== 'number' || typeof value !== 'number' || test(value, rule, schema);
const text =
  (test: (value: string, rule: number) => boolean): Plain =>
  (rule, value) =>
    typeof value !== 'string' || test(value, Number(rule));
const size =
  (test: (size: number, rule: number) => boolean, kind: 'array' | 'object'): Plain =>
  (rule, value) => {
    if (kind === 'array') return !Array.isArray(value) || test(value.length, Number(rule));
    return !isJsonObject(value) || test(Object.keys(value).length, Number(rule));
  };
const least = (value: number, rule: number): boolean => value >= rule;
const most = (value: number, rule: number): boolean => value <= rule;

const PLAIN: Readonly<Record<string, Plain>> = {
  type: (rule, value, schema) =>
    (value === null && schema['nullable'] === true) || [rule].flat().some((type) => hasType(type, value)),
  enum: (rule, value) => list(rule).some((one) => deepEqual(one, value)),
  const: (rule, value) => deepEqual(rule, value),
  minimum: number((value, rule, schema) =>
    schema['exclusiveMinimum'] === true ? value > rule : value >= rule,
  ),
  maximum: number((value, rule, schema) =>
    schema['exclusiveMaximum'] === true ? value < rule : value <= rule,
  ),
  exclusiveMinimum: number((value, rule) => value > rule),
  exclusiveMaximum: number((value, rule) => value < rule),
  multipleOf: number((value, rule) => Number.isInteger(value / rule)),
  minLength: text((value, rule) => letters(value) >= rule),
  maxLength: text((value, rule) => letters(value) <= rule),
  pattern: (rule, value) => typeof value !== 'string' || new RegExp(word(rule), 'u').test(value),
  minItems: size(least, 'array'),
  maxItems: size(most, 'array'),
  minProperties: size(least, 'object'),
  maxProperties: size(most, 'object'),
  uniqueItems: (rule, value) =>
    rule !== true ||
    list(value).every((one, index, all) => !all.slice(0, index).some((other) => deepEqual(one, other))),
  required: (rule, value) =>
    !isJsonObject(value) || list(rule).every((name) => Object.hasOwn(value, word(name))),
  dependentRequired: (rule, value) =>
    !isJsonObject(value) ||
    !isJsonObject(rule) ||
    Object.entries(rule).every(
      ([name, others]) =>
        !Object.hasOwn(value, name) || list(others).every((other) => Object.hasOwn(value, word(other))),
    ),
};

/** A rule that applies schemas: what they find, and whether it is broken itself. */
type Nested = (rule: Json, value: Json, look: Look, schema: JsonObject) => readonly Failure[];

const itself = (look: Look, isBroken: boolean): readonly Failure[] => (isBroken ? [look.steps] : []);

/** A union: broken itself, but where only one branch comes into question, whose rules are as good as those of the node. */
function ofBranches(
  rule: Json,
  value: Json,
  look: Look,
  isFit: (fit: number) => boolean,
): readonly Failure[] {
  const fit = list(rule).filter((part) => holds(part, value, look)).length;
  if (isFit(fit)) return [];
  const [only, ...others] = list(rule).filter((part) => !isJsonObject(part) || part['type'] !== 'null');
  return fit > 0 || only === undefined || others.length > 0 ? [look.steps] : judge(only, value, look);
}

/** Fields of an object that other keywords of the same schema have spoken of. */
function isNamed(name: string, schema: JsonObject): boolean {
  const { properties, patternProperties } = schema;
  if (isJsonObject(properties) && Object.hasOwn(properties, name)) return true;
  return (
    isJsonObject(patternProperties) &&
    Object.keys(patternProperties).some((pattern) => new RegExp(pattern, 'u').test(name))
  );
}

const NESTED: Readonly<Record<string, Nested>> = {
  $ref: (rule, value, look) => judge(resolveRef(look.root, word(rule)) ?? true, value, look),
  allOf: (rule, value, look) => list(rule).flatMap((part) => judge(part, value, look)),
  anyOf: (rule, value, look) => ofBranches(rule, value, look, (fit) => fit > 0),
  oneOf: (rule, value, look) => ofBranches(rule, value, look, (fit) => fit === 1),
  not: (rule, value, look) => itself(look, holds(rule, value, look)),
  if: (rule, value, look, schema) =>
    itself(look, !holds((holds(rule, value, look) ? schema['then'] : schema['else']) ?? true, value, look)),
  propertyNames: (rule, value, look) =>
    itself(look, isJsonObject(value) && !Object.keys(value).every((name) => holds(rule, name, look))),
  contains: (rule, value, look) =>
    itself(look, Array.isArray(value) && !list(value).some((item) => holds(rule, item, look))),
  dependencies: (rule, value, look) =>
    itself(
      look,
      isJsonObject(value) &&
        isJsonObject(rule) &&
        !Object.entries(rule).every(
          ([name, other]) =>
            !Object.hasOwn(value, name) ||
            (Array.isArray(other)
              ? list(other).every((field) => Object.hasOwn(value, word(field)))
              : holds(other, value, look)),
        ),
    ),
  properties: (rule, value, look) =>
    isJsonObject(value) && isJsonObject(rule)
      ? Object.entries(rule).flatMap(([name, part]) =>
          Object.hasOwn(value, name)
            ? judge(part, value[name] ?? null, { ...look, path: `${look.path}.${name}` })
            : [],
        )
      : [],
  patternProperties: (rule, value, look) =>
    isJsonObject(value) && isJsonObject(rule)
      ? Object.entries(rule).flatMap(([pattern, part]) =>
          Object.entries(value).flatMap(([name, child]) =>
            new RegExp(pattern, 'u').test(name)
              ? judge(part, child, { ...look, path: `${look.path}.${name}` })
              : [],
          ),
        )
      : [],
  additionalProperties: (rule, value, look, schema) =>
    isJsonObject(value)
      ? Object.entries(value).flatMap(([name, child]) =>
          isNamed(name, schema) ? [] : judge(rule, child, { ...look, path: `${look.path}.${name}` }),
        )
      : [],
  items: (rule, value, look, schema) => {
    const tuple = Array.isArray(rule) ? (rule as readonly Json[]) : undefined;
    const skipped = list(schema['prefixItems'] ?? []).length;
    return list(Array.isArray(value) ? value : []).flatMap((item, index) => {
      const part =
        tuple === undefined
          ? index < skipped
            ? true
            : rule
          : (tuple[index] ?? schema['additionalItems'] ?? true);
      return judge(part, item, { ...look, path: `${look.path}[]` });
    });
  },
  prefixItems: (rule, value, look) =>
    list(Array.isArray(value) ? value : []).flatMap((item, index) =>
      judge(list(rule)[index] ?? true, item, { ...look, path: `${look.path}[]` }),
    ),
};
