import type { Namespace } from '../../kube/builtin-kinds.ts';
import type { StoreServer } from '../../planes/store-server.ts';
import type { PlanePki } from '../../planes/plane-pki.ts';
import type { PlaneSpec } from '../../planes/plane-spec.ts';
import type { PlaneVersions } from '../../planes/plane-version.ts';
import type { PostgresKeys, PostgresSpec } from '../../planes/postgres.ts';
import type { OutsideAddress } from '../../planes/secrets.ts';
import type { PlaneEncryption } from './current-encryption.ts';
import type { StoreLook } from './tend-store.ts';
import type { Present } from '../../planes/part-writes.ts';
import type { Rotation } from './rotation-condition.ts';

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

/** A server that has the stores of several planes. */
export interface DatabaseWorld {
  readonly server: StoreServer;
  readonly serving: boolean;
  /** Where its pods are, if they are in this cluster. */
  readonly namespace?: string;
}

/** Everything that the plan of a plane of type k8s depends on. */
export interface PlaneWorld extends Surveyed {
  readonly spec: PlaneSpec;
  readonly versions: PlaneVersions;
  /** Made anew as far as something was due: written before it is used. */
  readonly pki: PlanePki;
  readonly rotation: Rotation;
  readonly outside: OutsideAddress | undefined;
  /** Not there for planes with a store of their own; `unknown` while it can't be told. */
  readonly shared: StoreWorld | 'unknown' | undefined;
  /** The server that has the plane's store; undefined for an etcd of its own. */
  readonly database: DatabaseWorld | undefined;
  /** Why it can't be told how to reach the store. */
  readonly storeProblem: string | undefined;
  /** Why it can't be told what its audit log keeps. */
  readonly auditProblem: string | undefined;
  /** Undefined for a plane whose Secrets were never encrypted. */
  readonly encryption: PlaneEncryption | undefined;
  /** Password of the plane's role there. */
  readonly password: string;
  /** Role and database are as they should be, as far as this process knows. */
  readonly hasDatabase: boolean;
  /** The API server answered and has its first ServiceAccount. */
  readonly hasAnswered: boolean;
  /** What this process last saw of its store. */
  readonly look: StoreLook | undefined;
}
