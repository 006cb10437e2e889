import { createDiscovery } from '../../src/client/discovery.ts';
import type { ServiceDeps, ServiceSettings } from '../../src/features/service/dependencies.ts';
import { registeredServices } from '../../src/features/service/registered-services.ts';
import { serviceController } from '../../src/features/service/service.ts';
import { instanceControllers } from '../../src/main/instance-controllers.ts';
import { silentLog } from '../../src/runtime/log.ts';
import type { Manager } from '../../src/runtime/manager.ts';

/** What the controllers of services and instances need beside their manager. */
export interface Wiring extends Pick<ServiceDeps, 'engine' | 'clock'> {
  readonly settings: ServiceSettings;
}

/** Gives a manager the controllers of services and of their instances, as the operator has them. No chart is downloaded. */
export function wireServices(manager: Manager, { engine, clock, settings }: Wiring): void {
  const { client } = manager;
  const shared = { client, engine, clock, settings, discovery: createDiscovery(client, clock) };
  const fetchChart = (): Promise<never> => Promise.reject(new Error('no chart of these is downloaded'));
  manager.addController(serviceController({ ...shared, fetchChart }));
  const deps = { ...shared, wake: manager.enqueue };
  const surroundings = { manager, deps, services: registeredServices(), watched: new Set<string>() };
  for (const follower of instanceControllers({ ...surroundings, log: silentLog }))
    manager.addController(follower);
}
