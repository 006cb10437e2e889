import { isMap } from '../../src/lib/narrow.ts';
import { parseYaml } from '../../src/kube/yaml.ts';

/** A query with the name of what it is for. */
export interface NamedQuery {
  readonly name: string;
  readonly query: string;
}

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
}

/** The rules of the chart: recorded ones as they stand, alerts with the bound that raises them and without it. */
export function ruleQueries(text: string): {
  readonly records: readonly NamedQuery[];
  readonly alerts: readonly NamedQuery[];
  readonly alertFigures: readonly NamedQuery[];
} {
  // Our own file, in the form of Prometheus.
  const { groups } = parseYaml(text) as unknown as { groups: readonly { readonly rules: readonly Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  const alerts = rules.flatMap(({ alert, expr }) =>
    alert === undefined ? [] : [{ name: alert, query: expr }],
  );
  return {
    records: rules.flatMap(({ record, expr }) =>
      record === undefined ? [] : [{ name: record, query: expr }],
    ),
    alerts,
    alertFigures: alerts.map(({ name, query }) => ({ name, query: query.replace(/ [<>] [\d.]+$/, '') })),
  };
}

/** The queries of a Grafana dashboard, with every variable at "All". */
export function panelQueries(text: string): readonly NamedQuery[] {
  const dashboard: unknown = JSON.parse(text);
  const panels =
    isMap(dashboard) && Array.isArray(dashboard['panels']) ? dashboard['panels'].filter(isMap) : [];
  return panels.flatMap(({ title, targets }) =>
    (Array.isArray(targets) ? targets.filter(isMap) : []).map(({ expr }) => ({
      name: String(title),
      query: String(expr).replaceAll(/\$(?:kind|owner)\b/g, '.*'),
    })),
  );
}
