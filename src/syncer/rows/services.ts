import { SERVICE, type Service } from '../../kube/builtin-kinds.ts';
import { hostAnnotations, hostLabels, markerLabels, plainLabels } from '../marks.ts';
import { KUBERNETES_SERVICE } from '../pods/pod-env.ts';
import { rowOf, type Row } from '../row.ts';
import { statusPatch } from '../status-patch.ts';
import type { Deed } from '../deed.ts';
import type { Tenant } from '../tenant.ts';
import { refusal, type Surroundings, type Translation } from '../translation.ts';

type Spec = NonNullable<Service['spec']>;

/**
 * Milliseconds a host's Service may wait for the tenant's it was made for: it comes first, so that the tenant's is born
 * with its address. A create that takes longer was given up by every client.
 */
const PATIENCE_MS = 60_000;

/**
 * Services. The host's is made first, by the API server's question (`service-review.ts`), so that both have one address;
 * what changes later goes the ordinary way.
 */
export const SERVICE_ROW: Row<Service> = rowOf<Service>({
  kind: SERVICE,
  outlives: true,
  patienceMs: PATIENCE_MS,
  wanted: (service) => isOnHost(service),
  translate: translateService,
  back: (tenant, host) => [...addressBack(tenant, host), ...serviceStatusBack(tenant, host)],
});

/** Whether a Service has a counterpart: a name of another host needs none, and the API server's own has its own. */
export function isOnHost({ metadata, spec }: Service): boolean {
  const isKubernetes =
    metadata.namespace === KUBERNETES_SERVICE.namespace && metadata.name === KUBERNETES_SERVICE.name;
  return spec?.type !== 'ExternalName' && !isKubernetes;
}

/** The Service on the host: with the tenant's own pods behind it, and no others. */
export function translateService(service: Service, around: Surroundings): Translation<Service> {
  const { tenant } = around;
  const { namespace, name } = service.metadata;
  const reasons = serviceRefusals(service, tenant);
  if (reasons.length > 0) return { is: 'refused', reasons };
  const { selector, externalName: _name, healthCheckNodePort: _port, ...kept } = service.spec ?? {};
  return {
    is: 'object',
    object: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: around.hostName(SERVICE, { namespace, name }),
        namespace: tenant.hostNamespace,
        labels: hostLabels(service, tenant),
        annotations: hostAnnotations(service, SERVICE),
        ...(tenant.owner === undefined ? {} : { ownerReferences: [tenant.owner] }),
      },
      spec: { ...kept, ...hostServiceSelector(selector, tenant, namespace) },
    },
  };
}

/** A selector that selects in the tenant's namespace only; none where there is none, for endpoints come by hand then. */
function hostServiceSelector(
  selector: Spec['selector'],
  tenant: Tenant,
  namespace: string | undefined,
): Pick<Spec, 'selector'> {
  if (selector === undefined || Object.keys(selector).length === 0) return {};
  return { selector: { ...plainLabels(selector, tenant), ...markerLabels(tenant, namespace) } };
}

function serviceRefusals({ spec }: Service, { rules }: Tenant): readonly string[] {
  return (spec?.externalIPs ?? []).length === 0 || rules.externalIps
    ? []
    : [
        refusal(
          'spec.externalIPs',
          'addresses of the host are not yours',
          'use type LoadBalancer or an Ingress',
        ),
      ];
}

/** A Service that was made past the question, while nobody answered it, has an address of its own: it leads nowhere. */
function addressBack(tenant: Service, host: Service): readonly Deed[] {
  const own = tenant.spec?.clusterIP ?? '';
  const there = host.spec?.clusterIP ?? '';
  if (there === '' || own === there) return [];
  const message = `Its address is ${own === '' ? 'missing' : own}, and that of the host ${there}: delete it and make it again.`;
  return [{ do: 'tell', object: tenant, type: 'Warning', reason: 'AddressDiffers', message }];
}

function serviceStatusBack(tenant: Service, host: Service): readonly Deed[] {
  // A Service that is no load balancer any more has no addresses of one; none and an empty list of them are the same.
  const there = host.status?.loadBalancer ?? {};
  const own = tenant.status?.loadBalancer ?? {};
  if (Object.keys(there).length === 0 && Object.keys(own).length === 0) return [];
  return statusPatch(SERVICE, tenant, { loadBalancer: there }, ['conditions']);
}
