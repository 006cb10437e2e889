import { isJsonObject, type JsonObject } from '../api/json-schema.ts';
import { ANYTHING, toStructural, type NotEnforced } from '../api/structural-schema.ts';
import type { Json } from '../kube/object.ts';
import { inferSchema } from './infer-schema.ts';
import { relaxSchema } from './relax-schema.ts';
import type { ChartInfo } from './rendering.ts';
import { pathOfKeys, valuesComments } from './values-comments.ts';
import { mergeValues } from './merge-values.ts';

/** What the values of a chart look like, for the generated CRD and for admission. */
export interface ValuesSchema {
  /** Structural schema of `spec`, described field by field. */
  readonly schema: JsonObject;
  /** Rules that the CRD can't state; admission and Helm check them. */
  readonly notEnforced: readonly NotEnforced[];
  /** JSON Schema for admission: the chart's (or the provider's), made fit for a spec without the defaults. Null if there is none. */
  readonly admission: Json;
}

export interface ValuesSchemaInput {
  readonly chart: Pick<ChartInfo, 'values' | 'valuesYaml' | 'valuesSchema'>;
  /** The composition's own schema; replaces the chart's. */
  readonly ownSchema?: JsonObject | undefined;
  readonly providerValues?: JsonObject | undefined;
}

/** Characters of a default shown in a description; longer ones are scripts and configuration files. */
const MAX_DEFAULT = 120;

/** Computes the schema from values.schema.json if there is one, else from the values file and its comments. Pure. */
export function valuesSchemaOf(input: ValuesSchemaInput): ValuesSchema {
  const { chart, providerValues = {} } = input;
  const defaults = mergeValues(chart.values, providerValues);
  const declared = input.ownSchema ?? chart.valuesSchema;
  const comments = valuesComments(chart.valuesYaml);
  // What the provider sets may be a licence key: consumers read the CRD, so only the chart's own defaults are shown.
  const shown = without(chart.values, providerValues);
  if (!isJsonObject(declared)) {
    return {
      schema: finish(inferSchema(chart.values), shown, comments),
      notEnforced: [],
      admission: null,
    };
  }
  const admission = relaxSchema(declared, defaults);
  const { schema, notEnforced } = toStructural(admission);
  return { schema: finish(asObject(schema), shown, comments), notEnforced, admission };
}

/** Values less those that others replace. */
function without(values: JsonObject, replaced: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]): [string, Json][] => {
      const other = Object.hasOwn(replaced, name) ? replaced[name] : undefined;
      if (other === undefined) return [[name, value]];
      return isJsonObject(value) && isJsonObject(other) ? [[name, without(value, other)]] : [];
    }),
  );
}

/** A spec is an object, whatever a schema forgot to say. */
function asObject(schema: JsonObject): JsonObject {
  const { nullable: _nullable, ...rest } = schema;
  return rest['type'] === 'object' ? rest : { type: 'object', ...ANYTHING };
}

const NODE_NAME: JsonObject = {
  type: 'string',
  nullable: true,
  description: 'Name of the node that the pods of the instance shall run on. Not a value of the chart.',
};

/** Adds descriptions, the values that the schema does not name, and KubePlus's `nodeName`. */
function finish(schema: JsonObject, defaults: JsonObject, comments: ReadonlyMap<string, string>): JsonObject {
  const described = describe(schema, defaults, comments, undefined);
  const named = isJsonObject(described['properties']) ? described['properties'] : {};
  const properties: Record<string, Json> = { nodeName: NODE_NAME, ...named };
  const isOpen = described['x-kubernetes-preserve-unknown-fields'] === true;
  for (const [name, value] of isOpen ? Object.entries(defaults) : []) {
    // The schema is silent on these and accepts them; explain should still show that they exist.
    if (properties[name] === undefined)
      properties[name] = annotate({ ...ANYTHING, nullable: true }, value, comments.get(name));
  }
  return {
    ...described,
    description: described['description'] ?? "Values of the service's chart.",
    properties,
  };
}

function describe(
  schema: JsonObject,
  values: JsonObject,
  comments: ReadonlyMap<string, string>,
  path: string | undefined,
): JsonObject {
  const properties = schema['properties'];
  if (!isJsonObject(properties)) return schema;
  const described = Object.entries(properties).map(([name, child]): [string, Json] => {
    if (!isJsonObject(child)) return [name, child];
    const below = pathOfKeys(path, name);
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    const inner = isJsonObject(value) ? describe(child, value, comments, below) : child;
    return [name, annotate(inner, value, comments.get(below))];
  });
  return { ...schema, properties: Object.fromEntries(described) };
}

/** The description with the default in words: `kubectl explain` shows it, and nothing is injected. */
function annotate(schema: JsonObject, value: Json | undefined, comment: string | undefined): JsonObject {
  const text = typeof schema['description'] === 'string' ? schema['description'] : (comment ?? '');
  const isContainer = isJsonObject(value) && isJsonObject(schema['properties']);
  const shown = value === undefined || value === null || isContainer ? '' : `Default: ${shorten(value)}`;
  const description = [text, shown].filter((part) => part !== '').join(/[.!?:)]$/.test(text) ? ' ' : '. ');
  return description === '' ? schema : { ...schema, description };
}

function shorten(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > MAX_DEFAULT ? `${text.slice(0, MAX_DEFAULT)}…` : text;
}
