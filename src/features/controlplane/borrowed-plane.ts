import type { ControlPlane, ControlPlaneStatus } from '../../api/control-plane.ts';
import { NAMESPACE, SECRET, type Namespace } from '../../kube/builtin-kinds.ts';
import type { ObjectRef } from '../../kube/kind.ts';
import type { Part } from '../../planes/object-of.ts';
import type { Plan, ServiceAccountRef, Stage, Write } from '../../runtime/plan.ts';
import { readyWhenAsked } from './hooks-gate.ts';
import { partWrites, type Present } from '../../planes/part-writes.ts';
import { said } from './plan.ts';
import { bindingPart, namespaceWrite, ownerOf } from './plane-namespace.ts';
import { referenceTo } from './plane-reference.ts';
import { ownerOfParts } from './token-kubeconfig.ts';

/** What is known of a plane that is a cluster already: the hosting one, or one that was taken over. */
export interface BorrowedWorld {
  readonly namespace: Namespace | undefined;
  readonly present: Present;
  /** Written as the operator: accounts and bindings. */
  readonly writes: readonly Write[];
  /** The Secret of kubeconfigs, where it is due. */
  readonly kubeconfig: Part | undefined;
  /** There is one. */
  readonly hasKubeconfig: boolean;
  /** To be removed once there is a kubeconfig of our own. */
  readonly bootstrap: { readonly ref: ObjectRef; readonly uid: string } | undefined;
  /** Why it can't be as its spec says. */
  readonly problem: string | undefined;
  /** Why its API server does not answer; only asked where there is a kubeconfig. */
  readonly unhealthy: string | undefined;
  readonly lookAgainMs: number;
  /** What was written now is what the next look needs. */
  readonly again?: boolean;
}

/** What should be true of such a plane, and what to say about it. Pure. */
export function planBorrowed(
  plane: ControlPlane,
  world: BorrowedWorld,
  account: ServiceAccountRef,
  now: number,
): Plan<ControlPlaneStatus> {
  const { namespace, present, kubeconfig, bootstrap } = world;
  const owner = ownerOfParts(plane);
  const foreign = namespace !== undefined && ownerOf(namespace) !== plane.metadata.uid;
  if (foreign || namespace?.metadata.deletionTimestamp !== undefined) {
    const problem = foreign
      ? `Namespace ${owner.namespace} is there already and not this plane's: choose another name, or delete the namespace`
      : `Namespace ${owner.namespace} is being deleted; the plane is made when it is gone`;
    return { stages: [], ...said(plane, { problem, hasKubeconfig: false }, now) };
  }
  const stages: readonly Stage[] = [
    {
      name: 'namespace',
      writes: namespace === undefined ? [namespaceWrite(owner, [referenceTo(plane)])] : [],
    },
    {
      name: 'binding',
      writes: partWrites([bindingPart(owner, account)], present, { owner: owner.ownerUid }),
    },
    { name: 'account', writes: world.writes },
    {
      name: 'kubeconfig',
      writes:
        kubeconfig === undefined
          ? []
          : partWrites([kubeconfig], present, { owner: owner.ownerUid, as: account }),
    },
    {
      name: 'bootstrap',
      writes: bootstrap === undefined ? [] : [{ verb: 'delete', kind: SECRET, ...bootstrap }],
    },
  ];
  return {
    finalizer: 'present',
    stages: stages.filter(({ writes }) => writes.length > 0),
    ...said(plane, verdictOf(plane, world), now),
    lookAgainMs: world.lookAgainMs,
    ...(world.again === true ? { again: true } : {}),
  };
}

function verdictOf(plane: ControlPlane, world: BorrowedWorld): Parameters<typeof said>[1] {
  const { problem, unhealthy } = world;
  const hasKubeconfig = world.hasKubeconfig || world.kubeconfig !== undefined;
  const waiting = unhealthy ?? (hasKubeconfig ? undefined : (problem ?? 'There is no kubeconfig yet'));
  if (waiting !== undefined)
    return { problem, hasKubeconfig, ready: { is: false, reason: 'unavailable', message: waiting } };
  return { problem, hasKubeconfig, ready: readyWhenAsked(plane, 'The API server answers') };
}

/** Such a plane that is to go: its namespace, when what was made elsewhere is given back. Pure. */
export function planBorrowedRemoval(
  plane: ControlPlane,
  { namespace, problem, lookAgainMs, hasKubeconfig }: BorrowedWorld,
  now: number,
): Plan<ControlPlaneStatus> {
  const isOurs = namespace !== undefined && ownerOf(namespace) === plane.metadata.uid;
  if (!isOurs) return { finalizer: 'absent', stages: [] };
  const ready = {
    is: false,
    reason: 'deleting',
    message: problem ?? 'Its namespace is being deleted',
  } as const;
  const words = said(plane, { problem, hasKubeconfig, ready }, now);
  const { name, uid = '', deletionTimestamp } = namespace.metadata;
  if (problem !== undefined || deletionTimestamp !== undefined) return { stages: [], ...words, lookAgainMs };
  return {
    stages: [{ name: 'namespace', writes: [{ verb: 'delete', kind: NAMESPACE, ref: { name }, uid }] }],
    ...words,
  };
}
