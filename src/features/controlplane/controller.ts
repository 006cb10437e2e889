import {
  CONTROL_PLANE,
  namespaceOfPlane,
  type ControlPlane,
  type ControlPlaneStatus,
} from '../../api/control-plane.ts';
import { KFLEX_FINALIZER } from '../../api/control-plane-names.ts';
import { messageOf } from '../../lib/error-text.ts';
import type { Action, Plan } from '../../runtime/plan.ts';
import type { Controller } from '../../runtime/controller.ts';
import { databaseDigest, performDatabaseAction, type DatabaseAction } from './database-action.ts';
import { PlaneMemories } from './memory.ts';
import { observePlane, type ObserveDeps } from './observe.ts';
import { planPlane, planRemoval, said } from './plan.ts';
import { planeAccount } from './settings.ts';
import { PLANE_WATCHES } from './watches.ts';
import type { PlaneWorld } from './world.ts';

export type ControlPlaneDeps = Omit<ObserveDeps, 'memories'> & {
  /** Does what a plane needs of its database. */
  readonly perform?: (action: DatabaseAction) => Promise<void>;
};

/** Planes worked on at the same time: most of a start is waiting for pods. */
const CONCURRENCY = 10;

/** What is known of a plane by its type. */
type World = PlaneWorld | 'other';

/** Makes, keeps and removes control planes. */
export function controlPlaneController(
  deps: ControlPlaneDeps,
): Controller<ControlPlane, World, ControlPlaneStatus> {
  const memories = new PlaneMemories();
  const account = planeAccount(deps.settings);
  const perform = deps.perform ?? performDatabaseAction;
  return {
    name: 'controlplane',
    kind: CONTROL_PLANE,
    finalizer: KFLEX_FINALIZER,
    watches: PLANE_WATCHES,
    concurrency: CONCURRENCY,
    observe: async (plane, read) =>
      isOurs(plane) ? observePlane(plane, read, { ...deps, memories }) : 'other',
    plan: (plane, world, now) => {
      const isGoing = plane.metadata.deletionTimestamp !== undefined;
      if (world === 'other') return planOther(plane, isGoing, now);
      return isGoing ? planRemoval(plane, world, now) : planPlane(plane, world, account, now);
    },
    perform: async (action: Action) => {
      // True: only this controller's plans name actions, and these are all of them.
      const wanted = action as DatabaseAction;
      await perform(wanted);
      const digest = databaseDigest(wanted.uid, wanted.password, wanted.spec);
      memories.learnDatabase(wanted.spec.namespace, digest);
    },
    explain: (plane, error, now) => ({
      stages: [],
      ...said(
        plane,
        { problem: messageOf(error), hasKubeconfig: plane.status?.secretRef !== undefined },
        now,
      ),
    }),
    wrote: (_ref, written) => memories.learn(written),
    forget: ({ name }) => memories.forget(namespaceOfPlane({ metadata: { name } })),
  };
}

function isOurs({ spec }: ControlPlane): boolean {
  return spec.type === 'k8s' || spec.type === 'vcluster';
}

/** Planes that are clusters already. */
function planOther(plane: ControlPlane, isGoing: boolean, now: number): Plan<ControlPlaneStatus> {
  if (isGoing) return { finalizer: 'absent', stages: [] };
  const problem = `Type ${plane.spec.type} is not served by this version of the operator`;
  return { stages: [], ...said(plane, { problem, hasKubeconfig: false }, now) };
}
