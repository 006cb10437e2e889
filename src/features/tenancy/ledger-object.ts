import { LEDGER, type Ledger } from '../../api/ledger.ts';
import { TENANT, type Tenant } from '../../api/tenant.ts';
import { apiVersionOf } from '../../kube/kind.ts';
import type { Places } from './places.ts';

/** A new ledger beside its tenant, which it goes with. */
export function newLedger({ metadata }: Tenant, places: Places): Ledger {
  const { name, namespace = '', uid = '' } = metadata;
  return {
    apiVersion: apiVersionOf(LEDGER),
    kind: LEDGER.kind,
    metadata: {
      name,
      namespace,
      ownerReferences: [{ apiVersion: apiVersionOf(TENANT), kind: TENANT.kind, name, uid }],
    },
    spec: { tenantUid: uid, places },
  };
}

/** Whether a ledger is that of this tenant, and not of one that had its name before. */
export function isLedgerOf(ledger: Ledger | undefined, { metadata }: Tenant): ledger is Ledger {
  return ledger !== undefined && ledger.spec.tenantUid === metadata.uid;
}
