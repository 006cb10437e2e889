import type { AdmissionRequest } from '../../src/runtime/admission.ts';
import { isMap, mapAt, type JsonMap } from './json.ts';
import { notImplemented } from './status-error.ts';

/** What an expression of CEL says about a write. */
export type Condition = (review: AdmissionRequest) => boolean;

/**
 * The expressions that the operator's chart writes, and what each of them means. There is no CEL here: another
 * expression is refused. The conformance suite holds each to what the real server makes of the same text.
 */
const KNOWN: readonly (readonly [RegExp, (match: RegExpExecArray) => Condition])[] = [
  [
    /^request\.userInfo\.username != '([^']*)'$/,
    ([, user]) =>
      (review) =>
        review.user.username !== user,
  ],
  [
    /^!\(request\.userInfo\.username in \[((?:'[^']*'(?:, )?)*)\]\)$/,
    ([, users = '']) => {
      const names = users.split(', ').map((user) => user.slice(1, -1));
      return (review) => !names.includes(review.user.username);
    },
  ],
  [
    /^request\.operation != 'UPDATE' \|\| !has\(object\.metadata\.deletionTimestamp\)$/,
    () => (review) =>
      review.operation !== 'UPDATE' || review.object?.metadata.deletionTimestamp === undefined,
  ],
  [
    /^request\.operation != 'DELETE' \|\| oldObject\.\?tenantry\.\?deletionProtection\.orValue\(false\) == true \|\| !has\(oldObject\.status\) \|\| 'kubeplus\/migrate-from' in oldObject\.metadata\.\?annotations\.orValue\(\{\}\)$/,
    () => (review) => {
      const before = fields(review.oldObject);
      return (
        review.operation !== 'DELETE' ||
        mapAt(before, 'tenantry')['deletionProtection'] === true ||
        before['status'] === undefined ||
        Object.hasOwn(mapAt(mapAt(before, 'metadata'), 'annotations'), 'kubeplus/migrate-from')
      );
    },
  ],
];

const fields = (object: unknown): JsonMap => (isMap(object) ? object : {});

/** What the expression means. Refuses one that nobody wrote down here. */
export function matchCondition(expression: string): Condition {
  for (const [pattern, meaning] of KNOWN) {
    const match = pattern.exec(expression.trim());
    if (match !== null) return meaning(match);
  }
  throw notImplemented(`the matchCondition ${JSON.stringify(expression)}`);
}
