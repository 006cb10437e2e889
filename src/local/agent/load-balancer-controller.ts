import { SERVICE, type Service } from '../../kube/builtin-kinds.ts';
import type { Controller } from '../../runtime/controller.ts';
import { NOTHING, type Plan, type StatusBase } from '../../runtime/plan.ts';
import { canonicalAddress } from './address.ts';
import { allocate, inRanges, type AddressRange, type Grant } from './load-balancer-pool.ts';

/** Until a Service without an address is looked at again: one may have become free. */
const LOOK_AGAIN_MS = 5_000;

/**
 * Gives Services of type LoadBalancer an address each, in their status. Nothing is put on an interface: kube-proxy on
 * each node takes what is sent to an address of that status to the Service's pods, for what comes from the node itself
 * and from pods. That is all there is: a local cluster has no network outside.
 *
 * What was given is remembered, because the store shows a status only after the watch brought it back: two Services
 * that come together would get the same address.
 */
export function loadBalancerController(
  ranges: readonly AddressRange[],
): Controller<Service, Grant | undefined, StatusBase> {
  let remembered: ReadonlyMap<string, readonly string[]> = new Map();
  return {
    name: 'load-balancer',
    kind: SERVICE,
    watches: [],
    observe: (service, { stores }) => {
      const grants = allocate(stores.list(SERVICE), ranges, remembered);
      remembered = new Map(
        [...grants].flatMap(([uid, grant]) => (grant.kind === 'addresses' ? [[uid, grant.addresses]] : [])),
      );
      return Promise.resolve(grants.get(service.metadata.uid ?? ''));
    },
    plan: (service, grant) => planService(service, grant, ranges),
  };
}

/** Pure: makes the status say what was granted. A Service that is no load balancer any more loses what we gave it. */
export function planService(
  service: Service,
  grant: Grant | undefined,
  ranges: readonly AddressRange[],
): Plan {
  const shown = (service.status?.loadBalancer?.ingress ?? []).flatMap(
    ({ ip }) => canonicalAddress(ip ?? '') ?? [],
  );
  if (grant === undefined) {
    const given = service.spec?.type !== 'LoadBalancer' && shown.some((address) => inRanges(ranges, address));
    return given ? statusPlan(service, []) : NOTHING;
  }
  if (grant.kind === 'refused') {
    const { reason, message } = grant;
    return {
      stages: shown.length === 0 ? [] : statusPlan(service, []).stages,
      events: [{ type: 'Warning', reason, message, always: true }],
      lookAgainMs: LOOK_AGAIN_MS,
    };
  }
  const isShown =
    shown.length === grant.addresses.length && grant.addresses.every((one) => shown.includes(one));
  return isShown ? NOTHING : statusPlan(service, grant.addresses);
}

function statusPlan(service: Service, addresses: readonly string[]): Plan {
  const { name, namespace, uid } = service.metadata;
  const ingress = addresses.map((ip) => ({ ip, ipMode: 'VIP' }));
  return {
    stages: [
      {
        name: 'address',
        writes: [
          {
            verb: 'patch',
            kind: SERVICE,
            ref: { namespace, name },
            // The UID keeps the address from a Service that took the name meanwhile.
            body: { metadata: { uid }, status: { loadBalancer: { ingress } } },
            subresource: 'status',
          },
        ],
      },
    ],
  };
}
