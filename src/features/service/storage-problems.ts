import { isJsonObject } from '../../api/json-schema.ts';
import type { StorageClass } from '../../kube/builtin-kinds.ts';
import type { ChartObject } from './chart-objects.ts';
import type { ChartProblem } from './chart-problem.ts';

/** KubePlus's text; the class's policy stands in it. */
export const storageNotAllowed = (policy: string): string =>
  `Storage class with reclaim policy ${policy} not allowed.`;

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

/** Claims of objects, of StatefulSets' templates too: the class they name, or undefined for the default one. */
function classesOf({ object }: ChartObject): (string | undefined)[] {
  const spec = isJsonObject(object['spec']) ? object['spec'] : {};
  if (object.kind === 'PersistentVolumeClaim') return [classOf(spec)];
  if (object.kind !== 'StatefulSet' || !Array.isArray(spec['volumeClaimTemplates'])) return [];
  return (spec['volumeClaimTemplates'] as readonly unknown[])
    .filter(isJsonObject)
    .map((template) => classOf(isJsonObject(template['spec']) ? template['spec'] : {}));
}

function classOf(spec: Readonly<Record<string, unknown>>): string | undefined {
  const name = spec['storageClassName'];
  return typeof name === 'string' ? name : undefined;
}

/**
 * Volumes that outlive their instance would show one customer's data to the next: only classes that delete are allowed.
 * The empty name asks for a volume made by hand and is judged by the volume, not here; a class that does not exist yet
 * is told by the claim that stays pending.
 */
export function storageProblems(
  objects: readonly ChartObject[],
  classes: readonly StorageClass[],
): ChartProblem[] {
  const isDefault = (candidate: StorageClass): boolean =>
    candidate.metadata.annotations?.[DEFAULT_CLASS] === 'true';
  // With several defaults the newest counts, as in the API server.
  const [byDefault] = classes
    .filter(isDefault)
    .toSorted((a, b) =>
      (a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? 1 : -1,
    );
  const used = objects
    .flatMap(classesOf)
    .map((name) =>
      name === undefined ? byDefault : classes.find((candidate) => candidate.metadata.name === name),
    );
  const policies = used
    .map((found) => found?.reclaimPolicy ?? 'Delete')
    .filter((policy) => policy !== 'Delete');
  return [...new Set(policies)].map((policy) => ({
    reason: 'StorageNotAllowed',
    message: storageNotAllowed(policy),
  }));
}
