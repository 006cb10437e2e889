import { isJsonObject, resolveRef, type JsonObject } from '../api/json-schema.ts';
import type { Json } from '../kube/object.ts';

/**
 * Makes out of a chart's values.schema.json the schema of an instance's `spec`. Helm checks the *merged* values; a spec
 * holds only what differs from the chart's defaults, so a field that has a default is not mandatory, and rules that turn
 * on the absence of fields can't be judged where defaults fill them in. Those are left to Helm, which checks the merged
 * values on every rendering. Also brings draft 4's spelling to draft 7's, which validators still read.
 */
export function relaxSchema(schema: Json, defaults: JsonObject): Json {
  if (!isJsonObject(schema)) return schema;
  const isDraft4 = typeof schema['$schema'] === 'string' && schema['$schema'].includes('draft-04');
  const modern = isDraft4 ? modernise(schema) : schema;
  if (!isJsonObject(modern)) return modern;
  const relaxed = relax(modern, defaults, { refs: [], depth: 0 }, { root: modern, nodes: 0 });
  // nodeName is KubePlus's own field of spec and reaches no chart that does not know it.
  const properties = relaxed['properties'];
  if (relaxed['additionalProperties'] !== false || !isJsonObject(properties)) return relaxed;
  return {
    ...relaxed,
    properties: {
      nodeName: { type: ['string', 'null'] },
      global: { type: ['object', 'null'] },
      ...properties,
    },
  };
}

/**
 * Nodes of one relaxed schema. References are written out where defaults fill in what they refer to, so a few lines that refer to
 * each other twice would else become millions.
 */
const MAX_NODES = 5000;
/** Levels and references on the way to one node. */
const MAX_DEPTH = 100;
/** Accepts everything: Helm checks it when it renders. */
const ANYTHING: JsonObject = {};

interface At {
  /** References being followed. */
  readonly refs: readonly string[];
  readonly depth: number;
}

interface Relaxing {
  readonly root: JsonObject;
  nodes: number;
}

/** Rules whose answer depends on fields being absent. */
const ABOUT_ABSENCE = [
  'if',
  'then',
  'else',
  'not',
  'oneOf',
  'dependencies',
  'dependentRequired',
  'dependentSchemas',
  'minProperties',
];

function relax(node: JsonObject, defaults: JsonObject, { refs, depth }: At, relaxing: Relaxing): JsonObject {
  if (Object.keys(defaults).length === 0) return node;
  relaxing.nodes += 1;
  if (relaxing.nodes > MAX_NODES || depth > MAX_DEPTH || refs.length > MAX_DEPTH) return ANYTHING;
  const inlined = inline(node, relaxing.root, refs);
  const inner: At = { refs: inlined.refs, depth: depth + 1 };
  const out: Record<string, Json> = { ...inlined.node };
  for (const keyword of ABOUT_ABSENCE) delete out[keyword];
  const given = (name: Json): boolean => typeof name === 'string' && (defaults[name] ?? null) !== null;
  const demanded = new Set<Json>(Array.isArray(out['required']) ? (out['required'] as readonly Json[]) : []);
  if (Array.isArray(out['required'])) {
    const required = (out['required'] as readonly Json[]).filter((name) => !given(name));
    // An empty list is refused by draft 4 and needless in the others.
    if (required.length > 0) out['required'] = required;
    else delete out['required'];
  }
  const { properties } = out;
  if (isJsonObject(properties)) {
    out['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, child]) => {
        const below = defaults[name];
        const relaxed =
          isJsonObject(child) && isJsonObject(below) ? relax(child, below, inner, relaxing) : child;
        return [name, given(name) && !demanded.has(name) ? orNull(relaxed) : relaxed];
      }),
    );
  }
  for (const keyword of ['allOf', 'anyOf']) {
    const parts = out[keyword];
    if (!Array.isArray(parts)) continue;
    out[keyword] = (parts as readonly Json[]).map((part) =>
      isJsonObject(part) ? relax(part, defaults, inner, relaxing) : part,
    );
  }
  return out;
}

/**
 * Null drops a default before Helm looks at the schema, so it is fit for every field that has one and may be absent. (For a
 * field that is required Helm refuses the merged values.)
 */
function orNull(child: Json): Json {
  if (!isJsonObject(child)) return child;
  return Object.keys(child).length === 0 ? child : { anyOf: [{ type: 'null' }, child] };
}

/** The node with its reference replaced by what it refers to, so that relaxing it changes no other place. */
function inline(
  node: JsonObject,
  root: JsonObject,
  refs: readonly string[],
): { node: JsonObject; refs: readonly string[] } {
  const { $ref, ...own } = node;
  if (typeof $ref !== 'string' || refs.includes($ref)) return { node, refs };
  const target = resolveRef(root, $ref);
  if (!isJsonObject(target)) return { node, refs };
  const below = [...refs, $ref];
  return Object.keys(own).length === 0
    ? inline(target, root, below)
    : { node: { ...own, allOf: [...allOf(own), target] }, refs: below };
}

function allOf(node: JsonObject): readonly Json[] {
  return Array.isArray(node['allOf']) ? (node['allOf'] as readonly Json[]) : [];
}

/** Keywords whose value is a map of names to schemas: the names are not keywords. */
const MAPS = new Set(['properties', 'patternProperties', 'definitions', 'dependencies']);

/** Draft 4 in draft 7's words: `id`, and the flags beside `minimum` and `maximum`. */
function modernise(node: Json): Json {
  if (Array.isArray(node)) return (node as readonly Json[]).map(modernise);
  if (!isJsonObject(node)) return node;
  const out: Record<string, Json> = {};
  for (const [keyword, value] of Object.entries(node)) {
    if (keyword === '$schema') out['$schema'] = 'http://json-schema.org/draft-07/schema#';
    else if (keyword === 'id' && typeof value === 'string') out['$id'] = value;
    else if (keyword === 'enum' || keyword === 'default' || keyword === 'required') out[keyword] = value;
    else if (MAPS.has(keyword) && isJsonObject(value)) {
      out[keyword] = Object.fromEntries(
        Object.entries(value).map(([name, child]) => [name, modernise(child)]),
      );
    } else out[keyword] = modernise(value);
  }
  for (const [bound, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (typeof out[exclusive] !== 'boolean') continue;
    const limit = out[bound];
    if (out[exclusive] && typeof limit === 'number') {
      out[exclusive] = limit;
      delete out[bound];
    } else delete out[exclusive];
  }
  return out;
}
