import type { AnyObject } from '../kube/object.ts';
import { controlPlaneCrd } from './control-plane.ts';
import { ledgerCrd } from './ledger.ts';
import { tenantPlanCrd } from './plan.ts';
import { postCreateHookCrd } from './post-create-hook.ts';
import { resourceCompositionCrd } from './resource-composition.ts';
import { resourceEventCrd } from './resource-event.ts';
import { resourceMonitorCrd } from './resource-monitor.ts';
import { resourcePolicyCrd } from './resource-policy.ts';
import { revisionCrd } from './revision-crd.ts';
import { tenantCrd } from './tenant.ts';
import { usageReviewCrd } from './usage-review.ts';
import { virtualClusterCrd } from './virtual-cluster.ts';

/** The CRDs of all our kinds, as our chart ships them. */
export function crdManifests(): AnyObject[] {
  return [
    resourceCompositionCrd(),
    resourcePolicyCrd(),
    resourceMonitorCrd(),
    resourceEventCrd(),
    tenantCrd(),
    tenantPlanCrd(),
    ledgerCrd(),
    revisionCrd(),
    controlPlaneCrd(),
    usageReviewCrd(),
    postCreateHookCrd(),
    virtualClusterCrd(),
  ];
}
