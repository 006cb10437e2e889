import { RESOURCE_MONITOR, type ResourceMonitor } from '../../api/resource-monitor.ts';
import { companionController, inForce, invalid, type JudgeCompanion } from './companion.ts';
import type { ServiceSettings } from './dependencies.ts';
import { withMonitor } from './laid-over.ts';

/** Tells of each ResourceMonitor whether it is in force. */
export const monitorController = (
  settings: Pick<ServiceSettings, 'operatorNamespace'>,
): ReturnType<typeof companionController<ResourceMonitor>> =>
  companionController(RESOURCE_MONITOR, settings, judgeMonitor);

const judgeMonitor: JudgeCompanion<ResourceMonitor> = (monitor, service) => {
  const { findings } = withMonitor(service.composition.spec, monitor);
  if (findings.length > 0) return invalid(findings, service);
  const { monitorRelationships = 'all', appEndpoints } = service.spec.resmonitor?.spec ?? {};
  const asked = appEndpoints?.endpoint ?? '';
  const application = asked === '' ? '' : `; the application is asked at ${asked}`;
  return inForce(service, `Counted is: ${monitorRelationships}${application}.`);
};
