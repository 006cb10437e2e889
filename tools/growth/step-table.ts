import { formatTable } from '../../src/cli/table.ts';
import type { grow, restart } from './steps.ts';

/** The steps as a table for people. */
export function stepTable(
  steps: readonly Awaited<ReturnType<typeof grow>>[],
  restarts: readonly Awaited<ReturnType<typeof restart>>[],
): string {
  return formatTable(
    [
      'INSTANCES',
      'PER S',
      'APPLIED P50/P99',
      'LEADER',
      'FOLLOWER',
      'OBJECTS KEPT',
      'STALL P99/MAX',
      'ADMISSION P50/P99',
      'RESTART',
      'ETCD',
      'API SERVER',
    ],
    steps.map((step, index) => {
      const leader = step.operators.find(({ leads }) => leads);
      const follower = step.operators.find(({ leads }) => !leads);
      const restarted = restarts[index];
      return [
        String(step.instances),
        String(step.perSecond),
        `${step.appliedP50Ms}/${step.appliedP99Ms} ms`,
        `${leader?.residentMib ?? 0} MiB`,
        `${follower?.residentMib ?? 0} MiB`,
        String(leader?.storeObjects ?? 0),
        `${step.stallP99Ms}/${step.stallMaxMs} ms`,
        `≤ ${step.admission.p50Ms}/${step.admission.p99Ms} ms`,
        restarted === undefined ? '' : `${restarted.seconds} s, ${restarted.writes} writes`,
        `${step.server.storeMib} MiB`,
        `${step.server.residentMib} MiB`,
      ];
    }),
  );
}
