import { ENDPOINT_SLICE, POD, SERVICE, type EndpointSlice } from '../../kube/builtin-kinds.ts';
import { hostAnnotations, hostLabels } from '../marks.ts';
import { rowOf, type Row } from '../row.ts';
import type { Surroundings, Translation } from '../translation.ts';

/** Which Service a slice belongs to, and who writes it. */
const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';
/** Who writes slices on the host for us: neither the controller of Services nor the one of Endpoints. */
const MANAGER = 'tenantry.dev';

/**
 * Slices of Services that select no pods: whoever wrote them, a person, a controller of the tenant, or the one that mirrors
 * Endpoints. For all others the host makes its own.
 */
export const ENDPOINT_SLICE_ROW: Row<EndpointSlice> = rowOf<EndpointSlice>({
  kind: ENDPOINT_SLICE,
  wanted: (slice, around) => hasNoSelector(slice, around),
  translate: translateSlice,
});

function hasNoSelector({ metadata }: EndpointSlice, around: Surroundings): boolean {
  const name = metadata.labels?.[SERVICE_NAME_LABEL];
  const service = around.services(metadata.namespace ?? '').find((one) => one.metadata.name === name);
  if (service === undefined || (metadata.namespace === 'default' && name === 'kubernetes')) return false;
  return Object.keys(service.spec?.selector ?? {}).length === 0 && service.spec?.type !== 'ExternalName';
}

function translateSlice(slice: EndpointSlice, around: Surroundings): Translation<EndpointSlice> {
  const { tenant } = around;
  const { namespace, name, labels } = slice.metadata;
  const endpoints = slice.endpoints.map(({ targetRef, nodeName: _node, ...endpoint }) => ({
    ...endpoint,
    ...(targetRef?.kind === 'Pod' && targetRef.name !== undefined
      ? {
          targetRef: {
            kind: 'Pod',
            namespace: tenant.hostNamespace,
            name: around.hostName(POD, { namespace, name: targetRef.name }),
          },
        }
      : {}),
  }));
  return {
    is: 'object',
    object: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: around.hostName(ENDPOINT_SLICE, { namespace, name }),
        namespace: tenant.hostNamespace,
        labels: {
          ...hostLabels(slice, tenant),
          [SERVICE_NAME_LABEL]: around.hostName(SERVICE, {
            namespace,
            name: labels?.[SERVICE_NAME_LABEL] ?? '',
          }),
          [MANAGED_BY_LABEL]: MANAGER,
        },
        annotations: hostAnnotations(slice, ENDPOINT_SLICE),
        ...(tenant.owner === undefined ? {} : { ownerReferences: [tenant.owner] }),
      },
      addressType: slice.addressType,
      endpoints,
      ...(slice.ports === undefined ? {} : { ports: slice.ports }),
    },
  };
}
