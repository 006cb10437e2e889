import { isJsonObject } from '../../api/json-schema.ts';
import { mergeValues } from '../../helm/merge-values.ts';
import type { ReleaseRecord } from '../../helm/release.ts';
import type { Json } from '../../kube/object.ts';

type Values = Readonly<Record<string, Json>>;

/** What a release is installed with, and what of it nobody gave this time. */
export interface KeptValues {
  readonly values: Values;
  /** Names of the values, at the top, that are those of the installation before. */
  readonly kept: readonly string[];
}

/**
 * The values of the newest revision that was deployed, with those given now laid over them: who upgrades, or changes one thing, loses
 * nothing that was said before. What a failed attempt said counts for nothing.
 */
export function keepValues(
  history: readonly Pick<ReleaseRecord, 'config' | 'info'>[],
  given: Values,
): KeptValues {
  const deployed = history.findLast(({ info }) => info.status === 'deployed')?.config;
  const before = isJsonObject(deployed) ? deployed : {};
  const values = mergeValues(before, given);
  return { values, kept: Object.keys(before).filter((key) => !Object.hasOwn(given, key)) };
}
