import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { isJsonObject, type JsonObject } from '../../src/api/json-schema.ts';
import { mergeValues } from '../../src/helm/merge-values.ts';
import type { Json } from '../../src/kube/object.ts';
import { anyValue, tameText, valuesBySchema, wildText } from './schema-values.ts';

/** What is known of a chart's values before they are drawn. */
export interface ValuesOf {
  readonly values: JsonObject;
  readonly schema: Json | undefined;
}

/** A place where a value may be changed. */
interface Place {
  readonly path: readonly string[];
  readonly given: Json | undefined;
  readonly schema: JsonObject | undefined;
}

/** Levels of values that are changed one by one. */
const MAX_DEPTH = 6;
/** Draws for each set that is wanted: charts with narrow schemas refuse most. */
const TRIES = 12;

/**
 * `count` sets of values that the chart's schema allows, the same for the same seed: a few fields are changed, each to what
 * the schema says or, without one, to another value of its type; now and then to null, or to something else altogether.
 */
export function randomValues(chart: ValuesOf, seed: number, count: number): readonly JsonObject[] {
  const allows = judge(chart);
  const sets = fc.sample(setOf(chart), { seed, numRuns: count * TRIES });
  const allowed = sets.filter((set) => allows(mergeValues(chart.values, set)));
  // What nobody allows is compared too: both must refuse it.
  const chosen = allowed.slice(0, count);
  return [...chosen, ...sets.filter((set) => !chosen.includes(set)).slice(0, count - chosen.length)];
}

/** Whether the chart's own schema takes merged values; a schema that ajv can't read takes everything. */
function judge({ schema }: ValuesOf): (values: JsonObject) => boolean {
  if (!isJsonObject(schema)) return () => true;
  try {
    const { $schema: _draft, ...rest } = schema;
    const validate = new Ajv({ strict: false, validateFormats: false, logger: false }).compile(rest);
    return (values) => validate(withoutNulls(values));
  } catch {
    return () => true;
  }
}

/** Helm drops a default that is overridden by null before it validates. */
function withoutNulls(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, child]): [string, Json][] =>
      child === null ? [] : [[name, isJsonObject(child) ? withoutNulls(child) : child]],
    ),
  );
}

function setOf(chart: ValuesOf): fc.Arbitrary<JsonObject> {
  const places = placesOf(chart.values, isJsonObject(chart.schema) ? chart.schema : undefined, []);
  if (places.length === 0) return fc.dictionary(tameText, anyValue, { maxKeys: 3 });
  const change = fc
    .constantFrom(...places)
    .chain((place) => valueAt(place, chart.schema ?? {}).map((value) => ({ path: place.path, value })));
  return fc
    .array(change, { minLength: 1, maxLength: 7 })
    .map((changes) => changes.reduce<JsonObject>((set, { path, value }) => withValue(set, path, value), {}));
}

function placesOf(
  values: JsonObject,
  schema: JsonObject | undefined,
  path: readonly string[],
): readonly Place[] {
  const declared = isJsonObject(schema?.['properties']) ? schema['properties'] : {};
  const names = new Set([...Object.keys(values), ...Object.keys(declared)]);
  return [...names].flatMap((name): Place[] => {
    const given = Object.hasOwn(values, name) ? values[name] : undefined;
    const child = Object.hasOwn(declared, name) ? declared[name] : undefined;
    const place = { path: [...path, name], given, schema: isJsonObject(child) ? child : undefined };
    const below =
      isJsonObject(given) && path.length < MAX_DEPTH ? placesOf(given, place.schema, place.path) : [];
    return [place, ...below];
  });
}

function valueAt({ given, schema }: Place, root: Json): fc.Arbitrary<Json> {
  const usual =
    schema === undefined
      ? likeGiven(given)
      : fc.oneof({ arbitrary: valuesBySchema(schema, root), weight: 3 }, likeGiven(given));
  return fc.oneof(
    { arbitrary: usual, weight: 16 },
    { arbitrary: fc.constant<Json>(null), weight: 2 },
    { arbitrary: anyValue, weight: 1 },
  );
}

/** Another value of the type of the one that is there. */
function likeGiven(given: Json | undefined): fc.Arbitrary<Json> {
  if (given === undefined || given === null) return anyValue;
  if (typeof given === 'boolean') return fc.constant(!given);
  if (typeof given === 'number') {
    return Number.isInteger(given)
      ? fc.oneof(fc.nat(100), fc.constantFrom(0, -1, 65_536, 2 ** 31, Number.MAX_SAFE_INTEGER, given + 1))
      : fc.constantFrom(0, 0.1, -2.5, 1e15, 1e-7, given * 2);
  }
  if (typeof given === 'string')
    return fc.oneof({ arbitrary: tameText, weight: 4 }, wildText, fc.constantFrom('', `${given}x`));
  if (Array.isArray(given)) return likeList(given as readonly Json[]);
  return fc.oneof(
    fc.constant({}),
    fc.dictionary(tameText, fc.oneof(tameText, fc.nat(9), fc.boolean()), { maxKeys: 3 }),
  );
}

function likeList(given: readonly Json[]): fc.Arbitrary<Json> {
  const [first] = given;
  if (first === undefined)
    return fc.array(fc.oneof(tameText, fc.dictionary(tameText, tameText, { maxKeys: 2 })), { maxLength: 3 });
  return fc.oneof(
    fc.subarray([...given]),
    fc.constant([...given, ...given]),
    fc.array(likeGiven(first), { maxLength: 3 }),
  );
}

function withValue(set: JsonObject, [name = '', ...rest]: readonly string[], value: Json): JsonObject {
  const below = set[name];
  return {
    ...set,
    [name]: rest.length === 0 ? value : withValue(isJsonObject(below) ? below : {}, rest, value),
  };
}
