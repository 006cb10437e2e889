import type { Pod } from '../../kube/builtin-kinds.ts';
import { hostLabelKey } from '../marks.ts';
import type { Tenant } from '../tenant.ts';

/** On the host's pod: what the tenant's pod is called, for the downward API. As vcluster writes them. */
const NAME = 'vcluster.loft.sh/name';
const NAMESPACE = 'vcluster.loft.sh/namespace';
const UID = 'vcluster.loft.sh/uid';
const SERVICE_ACCOUNT = 'vcluster.loft.sh/service-account-name';
const LABELS = 'vcluster.loft.sh/labels';

/** Longest text of all annotations together that an object may have is 256 KiB; labels beyond this are left out. */
const MAX_LABELS_TEXT = 64 * 1024;

/** Fields whose value differs on the host, and the annotation that has the tenant's. */
const MOVED: Readonly<Record<string, string>> = {
  'metadata.name': NAME,
  'metadata.namespace': NAMESPACE,
  'metadata.uid': UID,
  'metadata.labels': LABELS,
  'spec.serviceAccountName': SERVICE_ACCOUNT,
};

const LABEL = /^metadata\.labels\['(.+)'\]$/;

/** The annotations that `hostFieldPath` points to. */
export function downwardAnnotations({ metadata, spec }: Pod): Readonly<Record<string, string>> {
  const labels = Object.entries(metadata.labels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
  return {
    [NAME]: metadata.name,
    [NAMESPACE]: metadata.namespace ?? '',
    [UID]: metadata.uid ?? '',
    [SERVICE_ACCOUNT]: spec?.serviceAccountName ?? 'default',
    ...(labels.length > MAX_LABELS_TEXT ? {} : { [LABELS]: labels }),
  };
}

/** Where the host's kubelet finds what the tenant means by a field path. */
export function hostFieldPath(path: string, tenant: Tenant): string {
  const moved = MOVED[path];
  if (moved !== undefined) return `metadata.annotations['${moved}']`;
  const label = LABEL.exec(path)?.[1];
  return label === undefined ? path : `metadata.labels['${hostLabelKey(label, tenant)}']`;
}

/** The items of a downward API volume. */
export function hostItems<I extends { readonly fieldRef?: { readonly fieldPath: string } }>(
  items: readonly I[] | undefined,
  tenant: Tenant,
): readonly I[] | undefined {
  return items?.map((item) =>
    item.fieldRef === undefined
      ? item
      : {
          ...item,
          fieldRef: { ...item.fieldRef, fieldPath: hostFieldPath(item.fieldRef.fieldPath, tenant) },
        },
  );
}
