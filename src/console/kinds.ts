import type { Instance } from '../api/instance.ts';
import type { Client } from '../client/client.ts';
import { createDiscovery } from '../client/discovery.ts';
import type { ServedResource } from '../client/discovery-documents.ts';
import { serviceKinds } from '../features/application/find-application.ts';
import type { Kind } from '../kube/kind.ts';
import type { Clock } from '../lib/clock.ts';
import { ConsoleError } from './answer.ts';
import type { ServiceId } from './route.ts';

/** Milliseconds for which what discovery told is believed: a service that was registered shows up this late. */
const FRESH_MS = 5_000;

/**
 * Which kinds the cluster serves: read with the rights of whoever asks first, and told to the others for some seconds. Discovery is the same
 * for everybody who may sign in, and whoever may not is told nothing: every route asks the API server something else, too.
 */
export interface KindBook {
  resources(client: Client): Promise<readonly ServedResource[]>;
  services(client: Client): Promise<readonly ServedResource[]>;
  /** Throws ConsoleError for anything that is no service's kind. */
  kindOf(client: Client, service: ServiceId): Promise<Kind<Instance>>;
}

export function createKindBook(clock: Clock): KindBook {
  let known: { readonly at: number; readonly resources: readonly ServedResource[] } | undefined;
  const resources = async (client: Client): Promise<readonly ServedResource[]> => {
    if (known === undefined || clock.monotonic() - known.at > FRESH_MS)
      known = { at: clock.monotonic(), resources: await createDiscovery(client, clock).resources() };
    return known.resources;
  };
  return {
    resources,
    services: async (client) => serviceKinds(await resources(client)),
    kindOf: async (client, service) => {
      const found = serviceKinds(await resources(client)).find(
        ({ group, plural }) => group === service.group && plural === service.plural,
      );
      if (found === undefined)
        throw new ConsoleError(
          404,
          'NotFound',
          `There is no service ${service.plural}.${service.group} here.`,
        );
      const { group, version, kind, plural, namespaced } = found;
      return { group, version, kind, plural, namespaced };
    },
  };
}
