import { newestOf, type RegisteredServices } from '../features/service/registered-services.ts';
import type { Services } from '../features/tenancy/tenancy.ts';
import { groupKindOf } from '../kube/kind.ts';
import type { Stores } from '../runtime/controller.ts';

/** The registered services as tenancy knows them. */
export function servicesOf(services: (stores: Stores) => RegisteredServices): Services {
  return {
    kinds: (stores) => [...services(stores).values()].map(({ kind }) => kind),
    policiesOf: (service, stores, newest) => {
      const registered = [...services(stores).values()].find(({ kind }) => groupKindOf(kind) === service);
      return registered && newestOf(registered, newest)?.spec.policies;
    },
  };
}
