import type { Pod } from '../../kube/builtin-kinds.ts';

/** Pods that run or will: what has ended uses nothing. */
export const running = (pods: readonly Pod[]): readonly Pod[] =>
  pods.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
