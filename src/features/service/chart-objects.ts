import { objectsOfManifest } from '../../helm/read-ahead.ts';
import type { Manifest, Rendering } from '../../helm/rendering.ts';
import { groupKindOf, type Kind } from '../../kube/kind.ts';
import type { AnyObject } from '../../kube/object.ts';
import { YamlError } from '../../kube/yaml.ts';
import { takeTurns } from '../../lib/in-turns.ts';
import type { ChartProblem } from './chart-problem.ts';

/** An object that a template gave. */
export interface ChartObject {
  /** Template file, for messages. */
  readonly source: string;
  readonly object: AnyObject;
}

/** Objects and what is no object. */
export interface ParsedChart {
  readonly objects: readonly ChartObject[];
  readonly problems: readonly ChartProblem[];
}

/** Objects of a rendering, hooks included (those of `helm test` never run here). Documents that are no objects are problems. */
export async function objectsOf(rendering: Rendering): Promise<ParsedChart> {
  const hooks = rendering.hooks.filter((hook) => hook.events.some((event) => event !== 'test'));
  return parseAll([...rendering.manifests, ...hooks]);
}

/** Parses documents, each under the name of its file. Charts may bring megabytes: others get their turn in between. */
export async function parseAll(manifests: readonly Manifest[]): Promise<ParsedChart> {
  const pass = takeTurns();
  const objects: ChartObject[] = [];
  const problems: ChartProblem[] = [];
  for (const manifest of manifests) {
    const { source, content } = manifest;
    try {
      objects.push(...objectsOfManifest(manifest).map((object) => ({ source, object })));
    } catch (error) {
      if (!(error instanceof YamlError)) throw error;
      problems.push({ reason: 'TemplateFailed', message: `${source}: ${error.message}` });
    }
    await pass(content.length);
  }
  return { objects, problems };
}

/** What the scope check compares with. */
export interface Scope {
  /** Namespace of the release. */
  readonly namespace: string;
  /** `group/Kind` of the cluster-scoped kinds that the composition allows. */
  readonly allowedClusterKinds: readonly string[];
  /** Kinds by `apiVersion/Kind`; undefined for those that neither the cluster nor the chart has. */
  readonly kinds: ReadonlyMap<string, Kind | undefined>;
}

/** The key of `Scope.kinds`. */
export const kindKey = (object: Pick<AnyObject, 'apiVersion' | 'kind'>): string =>
  `${object.apiVersion}/${object.kind}`;

/** KubePlus's text; it is appended to others, hence the space. */
export const NAMESPACE_IN_CHART = ' Namespace object is not allowed in the chart.';

/** Why an object may not be in a chart: it leaves its instance's namespace, or nobody serves its kind. Undefined if it may. */
export function scopeProblem({ source, object }: ChartObject, scope: Scope): ChartProblem | undefined {
  const name = `${object.kind} ${object.metadata.name ?? object.metadata.generateName ?? ''} (${source})`;
  if (object.apiVersion === 'v1' && object.kind === 'Namespace') {
    return { reason: 'KindNotAllowed', message: NAMESPACE_IN_CHART };
  }
  if ((object.metadata.ownerReferences ?? []).length > 0) {
    return {
      reason: 'ChartInvalid',
      message: `${name}: remove metadata.ownerReferences; an object of a chart belongs to its instance`,
    };
  }
  const kind = scope.kinds.get(kindKey(object));
  if (kind === undefined) {
    return {
      reason: 'KindUnknown',
      message: `${name}: this cluster does not serve ${object.kind} of ${object.apiVersion}; install what brings it, or put its CRD into the chart's crds/`,
    };
  }
  if (!kind.namespaced) {
    const groupKind = groupKindOf(kind);
    if (scope.allowedClusterKinds.includes(groupKind)) return undefined;
    return {
      reason: 'KindNotAllowed',
      message: `${name}: ${groupKind} is cluster-scoped; take it out of the chart, or allow it by name in spec.policies.allowedClusterKinds`,
    };
  }
  const { namespace } = object.metadata;
  if (namespace === undefined || namespace === scope.namespace) return undefined;
  return {
    reason: 'NamespaceNotAllowed',
    message: `${name}: it is for namespace ${namespace}; an instance stays in its own, write {{ .Release.Namespace }} or leave the namespace out`,
  };
}

/** The same said once. */
export function distinct(problems: readonly ChartProblem[]): ChartProblem[] {
  return [...new Map(problems.map((problem) => [problem.message, problem])).values()];
}
