import type { Instance } from '../../api/instance.ts';
import type { Revision, RevisionSpec, ServicePolicies } from '../../api/revision.ts';
import type { StoredChart } from '../../helm/chart-store.ts';
import type { ValuesSchema } from '../../helm/values-schema.ts';
import type { CustomResourceDefinition, Secret } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import type { AnyObject } from '../../kube/object.ts';
import type { ChartProblem } from './chart-problem.ts';
import type { CheckedChart } from './check-chart.ts';

/** A checked chart with its values compiled. */
export interface PreparedChart extends CheckedChart {
  readonly values: ValuesSchema;
  readonly stored: StoredChart;
  /** Chunks that are not kept yet; empty once the revision is recorded. */
  readonly missingChunks: readonly Secret[];
}

/** What is there already of the objects around a service, by the key of `existingKey`. */
export type Existing = ReadonlyMap<string, AnyObject>;

export function existingKey(kind: Pick<Kind, 'kind'>, name: string): string {
  return `${kind.kind}/${name}`;
}

/** Everything a plan for a composition that is to exist needs to know. */
export interface ServiceWorld {
  readonly resource: RevisionSpec['resource'];
  readonly accountsNamespace: string;
  /** This composition's, oldest first. */
  readonly revisions: readonly Revision[];
  readonly crd: CustomResourceDefinition | undefined;
  readonly existing: Existing;
  /** What keeps the service from being as its composition says; empty if nothing does. */
  readonly problems: readonly ChartProblem[];
  /** Absent where problems kept it from being got. */
  readonly chart?: PreparedChart;
  /** What every instance gets around its release: the composition's, with the ResourcePolicy that counts over it. */
  readonly policies: ServicePolicies;
  /** Present while the composition is being deleted; then only this and `crd` count. */
  readonly removal?: Removal;
}

/** What goes with a composition. */
export interface Removal {
  /** Milliseconds for which a leader before us may still make objects; 0 if none can. */
  readonly lateMs: number;
  readonly instances: readonly Instance[];
  readonly revisions: readonly Revision[];
  /** Secrets that hold charts nobody else refers to, the usage text, the account, CRDs of charts without objects. */
  readonly leftovers: readonly { readonly kind: Kind; readonly object: AnyObject }[];
}
