import type { Namespace } from '../../kube/builtin-kinds.ts';
import type { PlanePki } from '../../planes/plane-pki.ts';
import type { PlaneSpec } from '../../planes/plane-spec.ts';
import type { PostgresKeys, PostgresSpec } from '../../planes/postgres.ts';
import type { OutsideAddress } from '../../planes/secrets.ts';
import type { Present } from './part-writes.ts';

/** A namespace and what is in it. */
export interface Surveyed {
  readonly namespace: Namespace | undefined;
  readonly present: Present;
}

/** The shared PostgreSQL, as it is. */
export interface StoreWorld extends Surveyed {
  readonly spec: PostgresSpec;
  readonly keys: PostgresKeys;
  readonly serving: boolean;
}

/** Everything that the plan of a plane of type k8s depends on. */
export interface PlaneWorld extends Surveyed {
  readonly spec: PlaneSpec;
  /** Made anew as far as something was due: written before it is used. */
  readonly pki: PlanePki;
  readonly outside: OutsideAddress | undefined;
  /** Not there for planes with a store of their own; `unknown` while it can't be told. */
  readonly shared: StoreWorld | 'unknown' | undefined;
  /** Password of the plane's role in the shared store. */
  readonly password: string;
  /** Role and database are as they should be, as far as this process knows. */
  readonly hasDatabase: boolean;
  /** The API server answered and has its first ServiceAccount. */
  readonly hasAnswered: boolean;
}
