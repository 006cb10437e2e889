import type { CompositionSpec } from '../../api/resource-composition.ts';
import type { Reader } from '../../client/client.ts';
import { RUNTIME_CLASS } from '../../kube/builtin-kinds.ts';
import type { ChartProblem } from './chart-problem.ts';

/** Milliseconds until it is looked again whether the cluster has the class by now. */
const RETRY_MS = 30_000;

/** A RuntimeClass that the cluster does not have: no pod of any instance would be made. */
export async function runtimeClassProblems(
  reader: Pick<Reader, 'list'>,
  { policies }: Pick<CompositionSpec, 'policies'>,
): Promise<readonly ChartProblem[]> {
  const wanted = policies?.runtimeClass;
  if (wanted === undefined) return [];
  const names = (await reader.list(RUNTIME_CLASS)).items.map(({ metadata }) => metadata.name);
  if (names.includes(wanted)) return [];
  const offered = names.length === 0 ? 'none' : names.toSorted().join(', ');
  const message = `spec.policies.runtimeClass: the cluster has no RuntimeClass ${wanted} (it has: ${offered}); name one that it has, or have the cluster's owner install this one`;
  return [{ reason: 'RuntimeClassMissing', message, retryMs: RETRY_MS }];
}
