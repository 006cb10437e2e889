import { NODE, SERVICE, type Service } from '../../kube/builtin-kinds.ts';
import { groupKindOf } from '../../kube/kind.ts';
import { SERVICE_PORT, serviceHost } from '../../planes/plane-names.ts';
import type { PlaneSpec } from '../../planes/plane-spec.ts';
import type { OutsideAddress } from '../../planes/secrets.ts';
import type { Stores } from '../../runtime/controller.ts';
import type { Present } from '../../planes/part-writes.ts';
import type { ControlPlaneSettings } from './settings.ts';

/**
 * Where people reach a plane: by its name below the cluster's domain for planes, where somebody leads it there; else by the address of its
 * Service, or by a node and the Service's port there. Undefined while there is none.
 */
export function outsideAddress(
  spec: PlaneSpec,
  present: Present,
  stores: Stores,
  { domain, externalPort }: Pick<ControlPlaneSettings, 'domain' | 'externalPort'>,
): OutsideAddress | undefined {
  if (domain !== '') return { url: `https://${spec.name}.${domain}:${externalPort}` };
  const service: Service | undefined = present.get(`${groupKindOf(SERVICE)}/${spec.name}`);
  const [at] = spec.serviceType === 'LoadBalancer' ? (service?.status?.loadBalancer?.ingress ?? []) : [];
  const isBalanced = at !== undefined;
  const port = isBalanced ? SERVICE_PORT : service?.spec?.ports?.[0]?.nodePort;
  const host = isBalanced ? (at.ip ?? at.hostname) : nodeAddress(stores);
  if (port === undefined || host === undefined) return undefined;
  return {
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tlsServerName: serviceHost(spec),
  };
}

/** The first node by name: always the same one, as long as it is there. */
function nodeAddress(stores: Stores): string | undefined {
  const nodes = stores.list(NODE).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const type of ['ExternalIP', 'InternalIP']) {
    for (const { status } of nodes) {
      const found = status?.addresses?.find((one) => one.type === type);
      if (found !== undefined) return found.address;
    }
  }
  return undefined;
}
