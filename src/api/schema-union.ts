import type { Json } from '../kube/object.ts';
import { isJsonObject, type JsonObject } from './json-schema.ts';
import { mergeSchemas, type OnConflict } from './merge-schemas.ts';

/** Keywords that may stand inside `anyOf` of a structural schema: they speak of values, not of shape. */
const VALUE_KEYWORDS = new Set([
  'required',
  'minimum',
  'maximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'enum',
]);

/** Keywords that say nothing about what is accepted. */
const REMARKS = new Set(['title', 'description', '$comment', 'examples', 'default']);

/** True for a branch that is null and nothing else; other rules beside it may refuse even that. */
const isNullBranch = (branch: Json): boolean =>
  isJsonObject(branch) &&
  rulesOf(branch).length === 1 &&
  (branch['type'] === 'null' ||
    branch['const'] === null ||
    (Array.isArray(branch['enum']) && branch['enum'].length === 1 && branch['enum'][0] === null));

function rulesOf(branch: JsonObject): string[] {
  return Object.keys(branch).filter((keyword) => !REMARKS.has(keyword));
}

/** A branch without its remarks, which the server refuses inside `anyOf`. */
export function withoutRemarks(branch: Json): Json {
  if (!isJsonObject(branch)) return branch;
  return Object.fromEntries(Object.entries(branch).filter(([keyword]) => !REMARKS.has(keyword)));
}

/** Values a branch allows if it is nothing but a list of them. */
function valuesOf(branch: Json): readonly Json[] | undefined {
  if (!isJsonObject(branch)) return undefined;
  const others = rulesOf(branch).filter((keyword) => !['type', 'enum', 'const'].includes(keyword));
  if (others.length > 0) return undefined;
  if (branch['const'] !== undefined) return [branch['const']];
  return Array.isArray(branch['enum']) ? (branch['enum'] as readonly Json[]) : undefined;
}

/** True if the branch declares a type, and with it whether null is one. */
function isTyped(branch: Json): boolean {
  return isJsonObject(branch) && typeof branch['type'] === 'string' && branch['nullable'] !== true;
}

function simpleType(branch: Json): string | undefined {
  return isJsonObject(branch) && typeof branch['type'] === 'string' ? branch['type'] : undefined;
}

/**
 * Rewrites `anyOf` and `oneOf` of a node where the same can be said without them: a branch that is null becomes
 * `nullable`, a single branch merges in, lists of values become one `enum`, text or whole number becomes
 * int-or-string. Alternatives of values are kept; any other union is reported and dropped, so that its branches restrict
 * nothing. Answers the node itself if there is nothing to rewrite.
 */
export function simplifyUnion(node: JsonObject, onConflict: OnConflict): JsonObject {
  for (const keyword of ['anyOf', 'oneOf'] as const) {
    const branches = node[keyword];
    if (!Array.isArray(branches)) continue;
    const { [keyword]: _union, ...rest } = node;
    const simple = simplify(rest, branches as readonly Json[], keyword, onConflict);
    if (simple !== undefined) return simple;
  }
  return node;
}

function simplify(
  rest: JsonObject,
  branches: readonly Json[],
  keyword: 'anyOf' | 'oneOf',
  onConflict: OnConflict,
): JsonObject | undefined {
  const real = branches.filter((branch) => !isNullBranch(branch));
  if (real.length < branches.length) {
    if (real.length === 0) return { allOf: [rest, { type: 'null' }] };
    // Another branch may take null too, and then none of them may.
    const isTheOnlyOne = branches.length === real.length + 1 && real.every(isTyped);
    if (keyword === 'oneOf' && !isTheOnlyOne) onConflict(keyword);
    // Beside the other rules of the node, which may refuse null: the union alone allows it.
    return { allOf: [rest, { nullable: true, [keyword]: real }] };
  }
  const [only] = real;
  if (real.length === 1) return isJsonObject(only) ? { allOf: [rest, only] } : rest;
  const values = real.map(valuesOf);
  if (real.length > 0 && values.every((list) => list !== undefined)) {
    return mergeSchemas(rest, { enum: values.flat() }, onConflict);
  }
  const types = new Set(real.map(simpleType));
  if (types.size === 2 && types.has('string') && types.has('integer') && rest['type'] === undefined) {
    if (real.some((branch) => isJsonObject(branch) && rulesOf(branch).length > 1)) onConflict(keyword);
    return { ...rest, 'x-kubernetes-int-or-string': true };
  }
  const isOfValues = real.every(
    (branch) => isJsonObject(branch) && rulesOf(branch).every((rule) => VALUE_KEYWORDS.has(rule)),
  );
  if (keyword === 'anyOf' && isOfValues && rest['type'] !== undefined) return undefined;
  onConflict(keyword);
  return withoutClosing(rest);
}

/** A node whose union was dropped must not prune what only a branch named. */
function withoutClosing(node: JsonObject): JsonObject {
  const { additionalProperties, ...rest } = node;
  return additionalProperties === undefined || additionalProperties === false ? rest : node;
}
