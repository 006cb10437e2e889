import type { CrdRule } from './define-crd.ts';

/** What a plane's namespace is called after its name, as in KubeFlex. */
export const NAMESPACE_SUFFIX = '-system';
/** Of a namespace's 63 characters. */
const MAX_NAME = 63 - NAMESPACE_SUFFIX.length;
/** Namespaces `<name>-system` that are Kubernetes' own, KubeFlex's and ours. */
const RESERVED = ['kube', 'kubeflex', 'tenantry'];

/** What names a Service and a host. */
const NAME_PATTERN = '^[a-z]([-a-z0-9]*[a-z0-9])?$';

/** Whether a plane may be called so; the API server holds planes to the same rules. */
export function isPlaneName(name: string): boolean {
  return name.length <= MAX_NAME && new RegExp(NAME_PATTERN).test(name) && !RESERVED.includes(name);
}

/** Names that can't work are refused where they are written. */
export const CONTROL_PLANE_NAME_RULES: readonly CrdRule[] = [
  {
    rule: `self.metadata.name.size() <= ${MAX_NAME}`,
    message: `metadata.name: at most ${MAX_NAME} characters, for the plane's namespace is <name>${NAMESPACE_SUFFIX}`,
  },
  {
    rule: `self.metadata.name.matches('${NAME_PATTERN}')`,
    message:
      "metadata.name: lower case letters, digits and '-', first a letter, for it names a Service and a host",
  },
  {
    rule: `!(self.metadata.name in [${RESERVED.map((one) => `'${one}'`).join(', ')}])`,
    message: `metadata.name: ${RESERVED.join(', ')} are taken, for namespace <name>${NAMESPACE_SUFFIX} is not a plane's`,
  },
];

/** Secret of kubeconfigs and its keys, as KubeFlex names them. */
export const ADMIN_KUBECONFIG = {
  secret: 'admin-kubeconfig',
  key: 'kubeconfig',
  inClusterKey: 'kubeconfig-incluster',
} as const;

/** The same of a plane of type vcluster. */
export const VCLUSTER_KUBECONFIG = {
  secret: 'vc-vcluster',
  key: 'config',
  inClusterKey: 'config-incluster',
} as const;

/** Condition `Synced` beside `Ready`, and the reasons of both, as in KubeFlex. */
export const SYNCED_CONDITION = 'Synced';
/** Whether a plane runs the version that its spec asks for. */
export const UP_TO_DATE_CONDITION = 'UpToDate';
/** Whether one set of authorities is trusted, of a plane whose authorities were exchanged once. */
export const AUTHORITIES_CONDITION = 'AuthoritiesSettled';
/** On a plane into which a snapshot is being restored: until when its controllers rest at most. */
export const RESTORING_ANNOTATION = 'tenantry.dev/restoring-until';
/** On a plane: when a snapshot was restored into it last. What it brought may have to be encrypted. */
export const RESTORED_ANNOTATION = 'tenantry.dev/restored-at';
/** Whether all Secrets of the plane are encrypted in its store as asked. */
export const ENCRYPTION_CONDITION = 'SecretsEncrypted';
/** Whether the plane's store takes writes. */
export const STORE_CONDITION = 'StoreHealthy';
/** */
export const PLANE_REASONS = {
  available: 'Available',
  unavailable: 'Unavailable',
  creating: 'Creating',
  deleting: 'Deleting',
  waitingForHooks: 'WaitingForPostCreateHooks',
  success: 'ReconcileSuccess',
  error: 'ReconcileError',
} as const;

/** KubeFlex's finalizer: kept on what it left, never set by us. */
export const KFLEX_FINALIZER = 'kflex.kubestellar.org/finalizer';
