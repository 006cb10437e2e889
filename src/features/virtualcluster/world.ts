import type { ControlPlane } from '../../api/control-plane.ts';
import type { Pod } from '../../kube/builtin-kinds.ts';
import type { Present } from '../../planes/part-writes.ts';
import type { Outside, PlaneFacts } from './plane-facts.ts';

/** Everything that the plan of a virtual cluster depends on. */
export interface ClusterWorld {
  /** Why it can't be: told where nothing else would help. */
  readonly refusal: string | undefined;
  readonly plane: ControlPlane | undefined;
  /** A ControlPlane of its name is there, and is somebody else's. */
  readonly isTaken: boolean;
  /** Objects of ours in its namespace and in that of accounts. */
  readonly present: Present;
  readonly facts: PlaneFacts | undefined;
  readonly outside: Outside | undefined;
  /** Pods that run on the host, asked for only where it rests. */
  readonly pods: readonly Pod[];
  readonly serving: {
    readonly isOpen: boolean;
    readonly isWatching: boolean;
    readonly isWorking: boolean;
  };
}
