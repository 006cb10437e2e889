import { POD_DISRUPTION_BUDGET, type PodDisruptionBudget } from '../../kube/builtin-kinds.ts';
import { hostAnnotations, hostLabels, hostSelector } from '../marks.ts';
import { rowOf, type Row } from '../row.ts';
import { statusPatch } from '../status-patch.ts';

/** Disruption budgets: the host's evictions heed them. They count pods of their own namespace only. */
export const DISRUPTION_BUDGET_ROW: Row<PodDisruptionBudget> = rowOf<PodDisruptionBudget>({
  kind: POD_DISRUPTION_BUDGET,
  translate: (budget, around) => {
    const { tenant } = around;
    const { namespace, name } = budget.metadata;
    const { selector, ...spec } = budget.spec ?? {};
    // An empty selector is every pod of the namespace: with the marks it is no longer empty.
    const translated = hostSelector(selector, tenant, namespace);
    return {
      is: 'object',
      object: {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: {
          name: around.hostName(POD_DISRUPTION_BUDGET, { namespace, name }),
          namespace: tenant.hostNamespace,
          labels: hostLabels(budget, tenant),
          annotations: hostAnnotations(budget, POD_DISRUPTION_BUDGET),
          ...(tenant.owner === undefined ? {} : { ownerReferences: [tenant.owner] }),
        },
        spec: { ...spec, ...(translated === undefined ? {} : { selector: translated }) },
      },
    };
  },
  back: (tenant, host) => {
    const { status } = host;
    if (status === undefined) return [];
    // Both controllers count; generations and conditions are each one's own.
    const {
      disruptedPods: _pods,
      observedGeneration: _generation,
      conditions: _conditions,
      ...counts
    } = status;
    return statusPatch(POD_DISRUPTION_BUDGET, tenant, counts, [
      'disruptedPods',
      'observedGeneration',
      'conditions',
    ]);
  },
});
