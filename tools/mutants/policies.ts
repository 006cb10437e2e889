/** A policy of the chart, and an attack that succeeds without it. */
export interface Policy {
  readonly name: string;
  /** A shell line with KUBECONFIG of a quickstart cluster; `--dry-run=server` where it would write. Ends with 0 where the attack succeeds. */
  readonly attack: string;
}

const OPERATOR = '--as=system:serviceaccount:tenantry-system:tenantry-operator';
const SERVICE =
  '--as=system:serviceaccount:tenantry-system-services:x --as-group=system:serviceaccounts:tenantry-system-services --as-group=system:masters';
const DRY = '--dry-run=server';
/** Made by the quickstart. */
const INSTANCE = 'wp-for-tenant1';

const crd = JSON.stringify({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'attacks.attack.example' },
  spec: {
    group: 'attack.example',
    scope: 'Namespaced',
    names: { kind: 'Attack', plural: 'attacks' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
});

const claim = JSON.stringify({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'attack' },
  spec: {
    accessModes: ['ReadWriteOnce'],
    volumeName: 'of-another',
    resources: { requests: { storage: '1Mi' } },
  },
});

const opening = JSON.stringify({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'attack' },
  spec: { podSelector: {}, ingress: [{}] },
});

/** A namespace that is isolated strictly, for the attack that follows. */
const IN_STRICT = `kubectl create namespace strict-mutants --dry-run=client -o yaml | kubectl label --local -f - tenantry.dev/isolation=strict -o yaml | kubectl apply -f - >&2 && kubectl -n strict-mutants ${DRY}`;

/** A namespace whose claims may have the class `gold` alone, for the attack that follows. */
const IN_GOLD = `kubectl create namespace gold-mutants --dry-run=client -o yaml | kubectl label --local -f - tenantry.dev/storage-classes=gold -o yaml | kubectl apply -f - >&2 && kubectl -n gold-mutants ${DRY}`;

const virtualCluster = (name: string, namespace: string): string =>
  JSON.stringify({
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'VirtualCluster',
    metadata: { name, namespace },
    spec: { paused: true },
  });

/** A namespace with a virtual cluster that rests, for the attack that follows. */
const BESIDE_ANOTHER = `kubectl create namespace virtual-mutants --dry-run=client -o yaml | kubectl apply -f - >&2 && echo '${virtualCluster('first', 'virtual-mutants')}' | kubectl apply -f - >&2`;

const ledger = JSON.stringify({
  apiVersion: 'tenantry.dev/v1alpha1',
  kind: 'Ledger',
  metadata: { name: 'default', namespace: 'tenantry-system' },
  spec: { tenantUid: '', places: {} },
});

const silver = JSON.stringify({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'attack' },
  spec: {
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'silver',
    resources: { requests: { storage: '1Mi' } },
  },
});

/** A plane that nobody may delete. */
const PROTECTED = JSON.stringify({
  apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
  kind: 'ControlPlane',
  metadata: { name: 'mutants' },
  spec: { type: 'k8s', backend: 'dedicated', hibernate: true, deletionProtection: true },
});

/** Somebody who may do with namespaces whatever he likes, and with tenants nothing. */
const NAMESPACER = `kubectl create clusterrole namespacer-mutants --verb='*' --resource=namespaces --dry-run=client -o yaml | kubectl apply -f - >&2 && kubectl create clusterrolebinding namespacer-mutants --clusterrole=namespacer-mutants --user=namespacer --dry-run=client -o yaml | kubectl apply -f - >&2`;

/** Every policy, in the order of the chart. */
export const POLICIES: readonly Policy[] = [
  {
    name: 'tenantry-namespace-label',
    // By its subresource: whoever may `adopt` a namespace, as an administrator may, sets the label itself.
    attack: `kubectl patch namespace default --subresource=status --type merge -p '{"metadata":{"labels":{"tenantry.dev/instance-uid":"x"}}}' ${DRY}`,
  },
  {
    name: 'tenantry-object-label',
    attack: `kubectl label configmap kube-root-ca.crt -n ${INSTANCE} tenantry.dev/instance-uid=x ${DRY}`,
  },
  {
    name: 'tenantry-plane-protection',
    attack: `echo '${PROTECTED}' | kubectl apply -f - >&2 && kubectl delete controlplane mutants ${DRY}`,
  },
  { name: 'tenantry-operator-namespaces', attack: `kubectl delete namespace default ${DRY} ${OPERATOR}` },
  {
    name: 'tenantry-operator-confines',
    attack: `kubectl label namespace ${INSTANCE} pod-security.kubernetes.io/enforce=privileged --overwrite ${DRY} ${OPERATOR}`,
  },
  {
    name: 'tenantry-confined-services',
    attack: `kubectl patch resourcecomposition -n tenantry-system $(kubectl get resourcecomposition -n tenantry-system -o jsonpath='{.items[0].metadata.name}') --type merge -p '{"spec":{"policies":{"podSecurity":"privileged"}}}' ${DRY}`,
  },
  {
    name: 'tenantry-operator-writes',
    attack: `kubectl create quota attack --hard=pods=0 -n default ${DRY} ${OPERATOR}`,
  },
  {
    name: 'tenantry-virtual-cluster-bindings',
    attack: `kubectl create rolebinding tenantry-virtual-cluster -n default --clusterrole=tenantry-virtual-cluster --serviceaccount=tenantry-system-services:vc-attack ${DRY} ${OPERATOR}`,
  },
  {
    name: 'tenantry-virtual-clusters',
    attack: `echo '${virtualCluster('attack', 'default')}' | kubectl create -f - ${DRY} ${OPERATOR}`,
  },
  {
    name: 'tenantry-one-virtual-cluster',
    attack: `${BESIDE_ANOTHER} && echo '${virtualCluster('attack', 'virtual-mutants')}' | kubectl create -f - ${DRY}`,
  },
  { name: 'tenantry-operator-crds', attack: `echo '${crd}' | kubectl create -f - ${DRY} ${OPERATOR}` },
  {
    name: 'tenantry-operator-webhooks',
    attack: `kubectl patch mutatingwebhookconfiguration tenantry ${DRY} ${OPERATOR} --type json -p '[{"op":"replace","path":"/webhooks/0/rules/0/apiGroups","value":["apps"]}]'`,
  },
  {
    name: 'tenantry-provider-crds',
    attack: `echo '${crd}' | kubectl create -f - ${DRY} --as=system:serviceaccount:default:kubeplus-saas-provider --as-group=system:masters`,
  },
  {
    name: 'tenantry-service-writes',
    attack: `kubectl delete networkpolicy restrict-cross-ns-traffic -n ${INSTANCE} ${DRY} ${SERVICE}`,
  },
  {
    name: 'tenantry-services',
    attack: `kubectl create service externalname attack --external-name=a.example -n ${INSTANCE} ${DRY}`,
  },
  {
    name: 'tenantry-status',
    attack: `kubectl patch wordpressservice ${INSTANCE} -n tenantry-system --subresource=status --type merge -p '{"status":{"namespace":"default"}}' ${DRY}`,
  },
  {
    name: 'tenantry-tenant-label',
    attack: `${NAMESPACER} && kubectl label namespace default tenantry.dev/tenant=default tenantry.dev/tenant-namespace=tenantry-system --as=namespacer ${DRY}`,
  },
  { name: 'tenantry-ledgers', attack: `echo '${ledger}' | kubectl create -f - ${DRY}` },
  {
    name: 'tenantry-companions',
    attack: `kubectl annotate resourcepolicy --all -n tenantry-system attack=1 ${DRY}`,
  },
  { name: 'tenantry-storage-classes', attack: `echo '${silver}' | (${IN_GOLD} create -f -)` },
  {
    name: 'tenantry-strict-pods',
    attack: `${IN_STRICT} run attack --image=a.example/a:1 --image-pull-policy=IfNotPresent`,
  },
  { name: 'tenantry-strict-services', attack: `${IN_STRICT} create service nodeport attack --tcp=80` },
  {
    name: 'tenantry-strict-volumes',
    attack: `echo '${claim}' | (${IN_STRICT} create -f -)`,
  },
  {
    name: 'tenantry-strict-network',
    attack: `echo '${opening}' | (${IN_STRICT} create -f -)`,
  },
  {
    name: 'tenantry-trial',
    attack: `kubectl create configmap attack -n tenantry-system-trial ${SERVICE} >&2 && kubectl delete configmap attack -n tenantry-system-trial`,
  },
];
