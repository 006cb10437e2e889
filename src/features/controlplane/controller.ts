import {
  CONTROL_PLANE,
  namespaceOfPlane,
  type ControlPlane,
  type ControlPlaneStatus,
} from '../../api/control-plane.ts';
import { KFLEX_FINALIZER } from '../../api/control-plane-names.ts';
import { messageOf } from '../../lib/error-text.ts';
import type { StoreState } from '../../planes/store/store-state.ts';
import { tendStore, type StoreTarget } from '../../planes/store/tend-store.ts';
import { NOTHING, type Action } from '../../runtime/plan.ts';
import type { Controller, Read } from '../../runtime/controller.ts';
import { databaseDigest, performDatabaseAction, type DatabaseAction } from './database-action.ts';
import { PlaneMemories } from './memory.ts';
import { planBorrowed, planBorrowedRemoval, type BorrowedWorld } from './borrowed-plane.ts';
import { observeExternal } from './external-plane.ts';
import { bindingRefused, observeHost, type BorrowedDeps } from './host-plane.ts';
import { rewriteSecrets, type RewriteAction } from './rewrite-secrets.ts';
import { isResting } from './resting-plane.ts';
import { withEnd } from './lifetime.ts';
import { observePlane, type ObserveDeps } from './observe.ts';
import { planPlane, planRemoval, said } from './plan.ts';
import { planeAccount } from './settings.ts';
import type { Verdict } from './status.ts';
import { PLANE_WATCHES } from './watches.ts';
import type { TendAction } from './tend-store.ts';
import type { PlaneWorld } from './world.ts';

export type ControlPlaneDeps = Omit<ObserveDeps & BorrowedDeps, 'memories'> & {
  /** Does what a plane needs of its database. */
  readonly perform?: (action: DatabaseAction) => Promise<void>;
  /** Looks how a plane's store is, and does what has to be done for it now and then. */
  readonly tend?: (target: StoreTarget) => Promise<StoreState>;
  /** Has all Secrets of a plane written anew. */
  readonly rewrite?: (action: RewriteAction) => Promise<void>;
};

/** Planes worked on at the same time: most of a start is waiting for pods. */
const CONCURRENCY = 10;

/** What is known of a plane by its type. */
type World =
  | { readonly is: 'served'; readonly world: PlaneWorld }
  | { readonly is: 'resting' }
  | { readonly is: 'borrowed'; readonly world: BorrowedWorld };

/** Makes, keeps and removes control planes. */
export function controlPlaneController(
  deps: ControlPlaneDeps,
): Controller<ControlPlane, World, ControlPlaneStatus> {
  const memories = new PlaneMemories();
  const account = planeAccount(deps.settings);
  const perform = deps.perform ?? performDatabaseAction;
  const tend = deps.tend ?? tendStore;
  const rewrite = deps.rewrite ?? ((action: RewriteAction) => rewriteSecrets(action, deps.clock));
  return {
    name: 'controlplane',
    kind: CONTROL_PLANE,
    finalizer: KFLEX_FINALIZER,
    watches: PLANE_WATCHES,
    concurrency: CONCURRENCY,
    observe: (plane, read) => observe(plane, read, { ...deps, memories }),
    plan: (plane, seen, now) => {
      if (seen.is === 'resting') return withEnd(plane, NOTHING, now);
      const { is, world } = seen;
      const isGoing = plane.metadata.deletionTimestamp !== undefined;
      if (is === 'borrowed')
        return isGoing
          ? planBorrowedRemoval(plane, world, now)
          : withEnd(plane, planBorrowed(plane, world, account, now), now);
      return isGoing
        ? planRemoval(plane, world, now)
        : withEnd(plane, planPlane(plane, world, account, now), now);
    },
    perform: async (action: Action) => {
      // True: only this controller's plans name actions, and these are all of them.
      const wanted = action as DatabaseAction | TendAction | RewriteAction;
      if (wanted.name === 'tend-store') {
        const found = await tend(wanted.target).catch((error: unknown) => ({ problem: messageOf(error) }));
        memories.learnStore(wanted.namespace, { at: deps.clock.now(), found });
        return;
      }
      if (wanted.name === 'rewrite-secrets') {
        await rewrite(wanted);
        memories.learnRewritten(wanted.namespace, wanted.rewriteFor);
        return;
      }
      await perform(wanted);
      const digest = databaseDigest(wanted.uid, wanted.password, wanted.spec);
      memories.learnDatabase(wanted.spec.namespace, digest);
    },
    explain: (plane, error, now) => ({ stages: [], ...said(plane, failure(plane, error), now) }),
    wrote: (_ref, written) => memories.learn(written),
    forget: ({ name }) => memories.forget(namespaceOfPlane({ metadata: { name } })),
  };
}

/** What is said of a look that failed. A right that only the cluster's owner can give is what the plane waits for, too. */
function failure(plane: ControlPlane, error: unknown): Verdict {
  const refused = bindingRefused(plane, error);
  const hasKubeconfig = plane.status?.secretRef !== undefined;
  if (refused === undefined) return { problem: messageOf(error), hasKubeconfig };
  const ready = { is: false, reason: 'unavailable', message: refused } as const;
  return { problem: refused, hasKubeconfig, ready };
}

async function observe(plane: ControlPlane, read: Read, deps: ObserveDeps & BorrowedDeps): Promise<World> {
  switch (plane.spec.type) {
    case 'host':
      return { is: 'borrowed', world: await observeHost(plane, read, deps) };
    case 'external':
      return { is: 'borrowed', world: await observeExternal(plane, read, deps) };
    case 'k8s':
    case 'vcluster':
      if (isResting(plane, read.stores)) return { is: 'resting' };
      return { is: 'served', world: await observePlane(plane, read, deps) };
  }
}
