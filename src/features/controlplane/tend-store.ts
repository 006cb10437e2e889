import type { ControlPlaneStatus } from '../../api/control-plane.ts';
import { STORE_CONDITION } from '../../api/control-plane-names.ts';
import type { NextCondition } from '../../kube/conditions.ts';
import { databaseName } from '../../planes/database.ts';
import { ETCD_QUOTA_BYTES } from '../../planes/etcd.ts';
import { ETCD, ETCD_PORT, etcdMemberHosts } from '../../planes/plane-names.ts';
import { prefixOf } from '../../planes/store-server.ts';
import { trusted } from '../../planes/plane-pki.ts';
import type { StoreState } from '../../planes/store/store-state.ts';
import type { StoreTarget } from '../../planes/store/tend-store.ts';
import type { Action, Stage } from '../../runtime/plan.ts';
import type { PlaneWorld } from './world.ts';

/** A look at the store of one plane; what it finds is remembered, and said at the next look at the plane. */
export interface TendAction extends Action {
  readonly name: 'tend-store';
  readonly namespace: string;
  readonly target: StoreTarget;
}

/** What the last look at a store found. */
export interface StoreLook {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Or why nothing was found. */
  readonly found: StoreState | { readonly problem: string };
}

/** A store fills in hours; each look is a few calls. */
const EVERY_MS = 60 * 60 * 1000;
/** Somebody may be waiting for a store that is full or away. */
const SOON_MS = 60_000;

/** Milliseconds until the store is to be looked at; 0 where that is now. Pure. */
export function tendDueMs({ look }: Pick<PlaneWorld, 'look'>, now: number): number {
  if (look === undefined) return 0;
  const isWell = !('problem' in look.found) && look.found.alarms.length === 0;
  return Math.max(0, look.at + (isWell ? EVERY_MS : SOON_MS) - now);
}

/** The look. Pure. */
export function tendStage(world: PlaneWorld): Stage {
  const { spec } = world;
  const action: TendAction = { name: 'tend-store', namespace: spec.namespace, target: targetOf(world) };
  return { name: 'store', writes: [], actions: [action] };
}

function targetOf({ spec, pki, database }: PlaneWorld): StoreTarget {
  if (database !== undefined) {
    const { server } = database;
    return server.kind === 'etcd'
      ? { kind: 'etcd-prefix', server, prefix: prefixOf(server, spec.ownerUid) }
      : { kind: 'postgres', server, database: databaseName(spec.ownerUid) };
  }
  const hosts = etcdMemberHosts(spec);
  const members = (hosts.length === 0 ? [`${ETCD}.${spec.namespace}.svc`] : hosts).map((host) => ({
    host,
    port: ETCD_PORT,
    ca: trusted(pki, 'etcd-ca'),
    ...pki.leaves['apiserver-etcd-client'],
  }));
  return { kind: 'etcd', members, quotaBytes: ETCD_QUOTA_BYTES };
}

/** What is said of a store. Pure. */
export function storeSaid({ look }: Pick<PlaneWorld, 'look'>): {
  readonly store?: NonNullable<ControlPlaneStatus['store']>;
  readonly conditions: readonly NextCondition[];
} {
  if (look === undefined) return { conditions: [] };
  const { found } = look;
  const condition = (
    status: NextCondition['status'],
    reason: string,
    message: string,
  ): readonly NextCondition[] => [{ type: STORE_CONDITION, status, reason, message }];
  if ('problem' in found)
    return {
      conditions: condition('Unknown', 'NotReached', `The store can't be looked at: ${found.problem}`),
    };
  const { bytes, objects, alarms } = found;
  const store = { bytes, objects };
  if (alarms.includes('CORRUPT'))
    return {
      store,
      conditions: condition(
        'False',
        'Corrupt',
        'Members of the etcd hold different things, and it takes no writes: restore a snapshot into another plane',
      ),
    };
  if (alarms.includes('NOSPACE'))
    return {
      store,
      conditions: condition(
        'False',
        'NoSpace',
        'The etcd is full and takes no writes but deletions: delete what is not needed; it takes writes again a minute after there is room',
      ),
    };
  return { store, conditions: condition('True', 'Healthy', 'The store takes writes') };
}
