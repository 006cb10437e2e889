import type { Client } from '../../client/client.ts';
import type { Engine } from '../../helm/rendering.ts';
import type { FetchChart } from '../../helm/chart-source.ts';
import type { Kind } from '../../kube/kind.ts';
import type { Clock } from '../../lib/clock.ts';
import type { PolicyTrial } from './policy-trial.ts';

/** What the cluster serves; `client/discovery.ts` has it. */
export interface ServedKinds {
  kindFor(apiVersion: string, kind: string): Promise<Kind | undefined>;
  capabilities(): Promise<{ readonly kubeVersion: string; readonly apiVersions: readonly string[] }>;
  /** Every kind of every group, in its preferred versions at least. */
  resources(): Promise<readonly Kind[]>;
  /** What is known is old: the next question reads anew. */
  invalidate(): void;
}

/** What the operator's owner decided. */
export interface ServiceSettings {
  readonly operatorNamespace: string;
  readonly accountsNamespace: string;
  /** Given to charts as `global.imageRegistry`, under the user's values. */
  readonly imageRegistry?: string | undefined;
}

/** What the feature needs. */
export interface ServiceDeps {
  readonly client: Client;
  readonly engine: Engine;
  readonly discovery: ServedKinds;
  readonly fetchChart: FetchChart;
  readonly clock: Clock;
  readonly settings: ServiceSettings;
  /** Absent: charts are not tried on the cluster's policies. */
  readonly policyTrial?: PolicyTrial | undefined;
}
