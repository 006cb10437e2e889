import type { Ledger } from '../../api/ledger.ts';
import type { Places } from './places.ts';
import type { Terms } from './terms.ts';
import type { QuotaOf, Usage } from './usage.ts';

/** Everything that a look at a tenant is made of. */
export interface TenantWorld {
  readonly terms: Terms;
  /** As the store has it; of this tenant or of one that had the name before. */
  readonly ledger: Ledger | undefined;
  /** The places as they should read; those in the ledger otherwise. */
  readonly places: Places;
  /** Instances that there are. */
  readonly usage: Usage;
  readonly quotaOf: QuotaOf;
  /** Milliseconds until the outcome of a creation counts as known. */
  readonly nextExpiryMs: number | undefined;
}
