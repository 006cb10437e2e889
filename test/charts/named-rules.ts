import type { JsonObject } from '../../src/api/json-schema.ts';
import type { NotEnforced } from '../../src/api/structural-schema.ts';
import type { Json } from '../../src/kube/object.ts';
import { brokenRules, type Failure } from './schema-judge.ts';

/** Keywords that are named where a shape can't be said at all, so that nothing below is enforced. */
const OPEN = new Set(['size', '$ref', 'type']);

/** The rules that a value breaks and that the list of rules which are not enforced does not name; one line each. */
export function unnamedRules(
  schema: JsonObject,
  value: Json,
  notEnforced: readonly NotEnforced[],
): readonly string[] {
  return brokenRules(schema, value)
    .filter((failure) => !isNamed(failure, notEnforced))
    .map((failure) => failure.map(({ keyword, path }) => `${keyword}@${path}`).join(' > '));
}

/** True if the list names a keyword that leads to the broken rule, at its place, or a whole shape above it that was left open. */
function isNamed(failure: Failure, notEnforced: readonly NotEnforced[]): boolean {
  return notEnforced.some(({ path, keyword }) => {
    const place = patternOf(path);
    return failure.some((step) => (OPEN.has(keyword) || step.keyword === keyword) && place.test(step.path));
  });
}

/** A path of the list, in which `.*` stands for every name. */
function patternOf(path: string): RegExp {
  const parts = path.split('.*').map((part) => part.replaceAll(/[[\].]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(String.raw`\.[^.[]+`)}$`);
}
