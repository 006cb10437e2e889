import { POD, type Pod } from '../../kube/builtin-kinds.ts';
import { deletionOf, tellRefusal, WAIT_MS, WAITING, type Deed } from '../deed.ts';
import { HOST_UID_ANNOTATION } from '../marks.ts';
import { isAnothers, type Row } from '../row.ts';
import type { Surroundings } from '../translation.ts';
import { podChanges, stampedPod } from './pod-changes.ts';
import { podStatusBack, readinessForward } from './pod-status.ts';
import { translatePod } from './translate-pod.ts';

/**
 * Pods. The host runs them and decides where; the tenant decides whether. A pod that the host lost is deleted in the
 * tenant's cluster, so that its owner makes a new one; nothing else of the tenant's ever is.
 */
export const POD_ROW: Row<Pod> = {
  kind: POD,
  decide: ({ tenant, host }, around) => {
    if (tenant === undefined) return host === undefined ? [] : endHost(host);
    if (host === undefined) return onlyTenant(tenant, around);
    if (isAnothers(tenant, host)) return endHost(host);
    return both(tenant, host, around);
  },
};

function endHost(host: Pod, graceSeconds?: number): readonly Deed[] {
  return host.metadata.deletionTimestamp === undefined ? [deletionOf('host', POD, host, graceSeconds)] : [];
}

function onlyTenant(tenant: Pod, around: Surroundings): readonly Deed[] {
  // There is no kubelet to finish the deletion: nothing runs, so it is finished here.
  if (tenant.metadata.deletionTimestamp !== undefined) return [deletionOf('tenant', POD, tenant, 0)];
  if (isFinished(tenant)) return [];
  if (hadHost(tenant)) return [deletionOf('tenant', POD, tenant, 0)];
  const translation = translatePod(tenant, around);
  switch (translation.is) {
    case 'refused':
      return [tellRefusal(tenant, translation.reasons)];
    case 'waiting':
      return [
        { do: 'tell', object: tenant, type: 'Normal', reason: WAITING, message: translation.reason },
        { do: 'look-again', afterMs: WAIT_MS },
      ];
    case 'object':
      return [{ do: 'create', on: 'host', kind: POD, object: stampedPod(translation.object, tenant) }];
  }
}

function isFinished({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** True if a pod of the host stood behind it: it was bound by us, or a kubelet reported on it. */
function hadHost({ metadata, status }: Pod): boolean {
  return metadata.annotations?.[HOST_UID_ANNOTATION] !== undefined || status?.startTime !== undefined;
}

function both(tenant: Pod, host: Pod, around: Surroundings): readonly Deed[] {
  const status = podStatusBack(tenant, host, around);
  if (tenant.metadata.deletionTimestamp !== undefined) return [...endHost(host, graceOf(tenant)), ...status];
  // What the host ends, ends here in the same time.
  if (host.metadata.deletionTimestamp !== undefined)
    return [...status, deletionOf('tenant', POD, tenant, graceOf(host))];
  const node = host.spec?.nodeName ?? '';
  const bound = tenant.spec?.nodeName ?? '';
  if (bound !== '' && node !== '' && bound !== node) return [deletionOf('tenant', POD, tenant, 0)];
  const { uid: hostUid = '' } = host.metadata;
  const binding: readonly Deed[] =
    node === '' || bound !== '' ? [] : [{ do: 'bind', pod: tenant, node, hostUid }];
  return [...binding, ...status, ...podChanges(tenant, host, around), ...readinessForward(tenant, host)];
}

/** Seconds a pod that is being deleted was given. */
function graceOf({ metadata }: Pod): number | undefined {
  // Set by the API server together with the deletion's time.
  return (metadata as { readonly deletionGracePeriodSeconds?: number }).deletionGracePeriodSeconds;
}
