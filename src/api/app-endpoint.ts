import { parseSelector, type Requirement } from '../kube/selector.ts';
import type { CompositionSpec } from './resource-composition.ts';

/** Metrics of an application that are shown; more belong into a Prometheus of their own. */
const MAX_METRICS = 20;
/** As Prometheus names metrics. */
const METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]{0,127}$/;
/** `metrics`, `/metrics`, `:8080`, `:8080/metrics`. */
const ENDPOINT = /^(?::(\d{1,5})(?=\/|$))?\/?([\w./~-]{0,256})$/;

/** Where the pods of a service tell metrics of their own. */
export interface AppEndpoint {
  readonly selector: readonly Requirement[];
  /** Undefined: the first port that a pod's containers declare. */
  readonly port: number | undefined;
  /** With the slash it begins with. */
  readonly path: string;
  readonly metrics: readonly string[];
}

type Asked = NonNullable<NonNullable<NonNullable<CompositionSpec['resmonitor']>['spec']>['appEndpoints']>;

/**
 * Reads `resmonitor.spec.appEndpoints`: undefined where nothing is asked for (KubePlus's examples carry empty texts), else the endpoint or
 * what is wrong with it, each with the field's name.
 */
export function parseAppEndpoint(
  asked: Asked | undefined,
):
  | { readonly endpoint: AppEndpoint }
  | { readonly problems: readonly (readonly [string, string])[] }
  | undefined {
  const { label = '', endpoint = '', metrics = [] } = asked ?? {};
  if (endpoint === '' && metrics.length === 0) return undefined;
  const selector = parseSelector(label);
  const place = ENDPOINT.exec(endpoint);
  const port = place?.[1] === undefined ? undefined : Number(place[1]);
  const problems: (readonly [string, string])[] = [];
  if (selector === undefined) problems.push(['label', `${show(label)} selects nothing; write key=value`]);
  if (place === null || endpoint === '' || (port !== undefined && (port < 1 || port > 65_535)))
    problems.push([
      'endpoint',
      `${show(endpoint)} is no place in a pod; write :<port>/<path>, for instance :8080/metrics`,
    ]);
  if (metrics.length === 0 || metrics.length > MAX_METRICS)
    problems.push(['metrics', `${metrics.length} metrics are named; name between 1 and ${MAX_METRICS}`]);
  for (const metric of metrics)
    if (!METRIC.test(metric)) problems.push(['metrics', `${show(metric)} is no name of a metric`]);
  if (problems.length > 0 || selector === undefined) return { problems };
  return { endpoint: { selector, port, path: `/${place?.[2] ?? ''}`, metrics: [...new Set(metrics)] } };
}

const show = (text: string): string => JSON.stringify(text.slice(0, 80));
