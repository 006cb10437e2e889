import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onNode } from './on-node.ts';
import { run, shell } from './programs.ts';

const NS = 'tenantry-system';
const ACCOUNTS = 'tenantry-system-services';
/** Made by the quickstart: an instance's namespace. */
const INSTANCE = 'wp-for-tenant1';
const READ = 'get list watch';

/** Every right of the operator in any namespace. What is not here, RBAC refuses; what is dangerous here, the policies hold. */
const EVERYWHERE = [
  `events (core, events.k8s.io): create ${READ} patch`,
  `limitranges namespaces nodes persistentvolumeclaims pods resourcequotas services: ${READ}`,
  `daemonsets deployments replicasets statefulsets (apps): ${READ}`,
  `cronjobs jobs (batch): ${READ}`,
  `ingresses networkpolicies (networking.k8s.io): ${READ}`,
  `poddisruptionbudgets (policy): ${READ}`,
  `storageclasses (storage.k8s.io): ${READ}`,
  `runtimeclasses (node.k8s.io): ${READ}`,
  `clusterroles rolebindings (rbac.authorization.k8s.io): ${READ}`,
  'clusterrolebindings (rbac.authorization.k8s.io): get',
  'endpointslices (discovery.k8s.io) only kubernetes: get',
  'servicecidrs (networking.k8s.io) only kubernetes: get',
  'subjectaccessreviews (authorization.k8s.io): create',
  '* (platformapi.kubeplus, tenancy.kflex.kubestellar.org, tenantry.dev, workflows.kubeplus): *',
  `customresourcedefinitions (apiextensions.k8s.io): create delete ${READ} patch update`,
  'namespaces: create delete patch update',
  'limitranges resourcequotas: create delete patch update',
  'serviceaccounts: create get patch update',
  'networkpolicies (networking.k8s.io): create delete patch update',
  'rolebindings (rbac.authorization.k8s.io): create delete patch update',
  'clusterroles (rbac.authorization.k8s.io) only tenantry-instance tenantry-instance-reader tenantry-hooks tenantry-plane tenantry-virtual-cluster: bind',
  `mutatingwebhookconfigurations validatingwebhookconfigurations (admissionregistration.k8s.io) only tenantry: delete ${READ} patch update`,
];
const OWN = [
  `configmaps secrets: create delete ${READ} patch update`,
  'leases (coordination.k8s.io): create delete get list patch update',
  'deployments/scale (apps) only tenantry-operator: patch',
  'serviceaccounts/token only tenantry-usage: create',
];
const OF_ACCOUNTS = [`serviceaccounts: create delete ${READ} impersonate patch update`];
/** What Kubernetes lets every account do. */
const ANYBODY = /^(selfsubject\w+ |clustertrustbundles )/;

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** The same words whatever the order. */
const words = (line: string): string => line.split(' ').toSorted().join(' ');
function lineOf({ apiGroups = [], resources = [], resourceNames = [], verbs }: Rule): string {
  const groups = apiGroups.map((group) => (group === '' ? 'core' : group)).toSorted();
  const named = groups.join() === 'core' ? '' : ` (${groups.join(', ')})`;
  const only = resourceNames.length === 0 ? '' : ` only ${resourceNames.join(' ')}`;
  return `${resources.toSorted().join(' ')}${named}${only}: ${verbs.toSorted().join(' ')}`;
}

const folder = mkdtempSync(join(tmpdir(), 'tenantry-operator-'));
let asOperator: (line: string, input?: string) => ReturnType<typeof shell>;

/** A shell whose kubectl is an account of the operator's namespace. */
async function shellAs(account: string): Promise<typeof asOperator> {
  const token = (await run(`kubectl create token ${account} -n ${NS}`)).trim();
  // True by kubectl's contract.
  const config = JSON.parse(await run('kubectl config view --raw --minify -o json')) as {
    users: { name: string; user: object }[];
  };
  config.users = config.users.map(({ name }) => ({ name, user: { token } }));
  const path = join(folder, account);
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return (line, input) =>
    shell(line, { env: { KUBECONFIG: path }, ...(input === undefined ? {} : { input }) });
}

beforeAll(async () => {
  await run('kubectl create namespace onlooker');
  await run('kubectl create clusterrole tenantry-service-onlooker --verb=get --resource=leases');
  asOperator = await shellAs('tenantry-operator');
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await shell('kubectl delete namespace onlooker --wait=false');
  await shell('kubectl delete clusterrole tenantry-service-onlooker');
});

describe('the operator, by its own token', () => {
  it.each([
    ['a namespace of nobody’s', 'onlooker', []],
    ['an instance’s namespace', INSTANCE, []],
    ['kube-system', 'kube-system', []],
    ['its own namespace', NS, OWN],
    ['the accounts’ namespace', ACCOUNTS, OF_ACCOUNTS],
  ])('has these rights in %s and no others', async (_what, namespace, more) => {
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace },
    };
    const { stdout } = await asOperator('kubectl create -f - -o json', JSON.stringify(review));
    const { status } = JSON.parse(stdout) as { status: { resourceRules: readonly Rule[] } };
    const rights = status.resourceRules.map(lineOf).filter((line) => !ANYBODY.test(line));

    expect(rights.map(words).toSorted()).toEqual([...EVERYWHERE, ...more].map(words).toSorted());
  });

  const binding = (namespace: string, role: string): string =>
    JSON.stringify({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'attack', namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: ACCOUNTS }],
    });
  const privileged = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'attack', namespace: NS },
    spec: { containers: [{ name: 'a', image: 'a', securityContext: { privileged: true } }] },
  });
  const namespaceFor = (labels: Record<string, string>): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'attack', labels: { 'tenantry.dev/instance-uid': 'attack', ...labels } },
    });
  const conversion = JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'attacks.attack.example', labels: { 'registered-by': 'kubeplus' } },
    spec: {
      group: 'attack.example',
      scope: 'Namespaced',
      names: { kind: 'Attack', plural: 'attacks' },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
      conversion: {
        strategy: 'Webhook',
        webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://169.254.169.254/' } },
      },
    },
  });
  it.each<[string, string, string | undefined, RegExp]>([
    ['reads Secrets of instances', `kubectl get secrets -n ${INSTANCE}`, undefined, /forbidden/],
    ['reads a Secret of the cluster', 'kubectl get secrets -A', undefined, /forbidden/],
    [
      'reads ConfigMaps of others',
      'kubectl get configmap kube-root-ca.crt -n onlooker',
      undefined,
      /forbidden/,
    ],
    [
      'is the cluster’s owner',
      'kubectl get nodes --as=admin --as-group=system:masters',
      undefined,
      /cannot impersonate/,
    ],
    [
      'is a controller',
      'kubectl get pods --as=system:serviceaccount:kube-system:default',
      undefined,
      /cannot impersonate/,
    ],
    [
      'lets the account of planes into a namespace of nobody’s',
      'kubectl create -f -',
      binding('onlooker', 'tenantry-plane'),
      /only in namespaces that it created/,
    ],
    [
      'gives what planes need to another account',
      'kubectl create -f -',
      binding(INSTANCE, 'tenantry-plane'),
      /tenantry-plane to the account of control planes/,
    ],
    ['takes an account’s token', 'kubectl create token default -n kube-system', undefined, /forbidden/],
    ['takes a token of its services', `kubectl create token default -n ${ACCOUNTS}`, undefined, /forbidden/],
    [
      'runs commands in pods',
      `kubectl exec -n ${INSTANCE} deploy/wp-for-tenant1-wordpress -- id`,
      undefined,
      /forbidden|not found/,
    ],
    ['makes pods beside itself', 'kubectl create -f -', privileged, /forbidden/],
    [
      'makes its own pods privileged',
      `kubectl patch deployment tenantry-operator -n ${NS} --type json -p '[{"op":"add","path":"/spec/template/spec/hostPID","value":true}]'`,
      undefined,
      /forbidden/,
    ],
    [
      'reaches a kubelet',
      'kubectl get --raw /api/v1/nodes/$(kubectl get nodes -o jsonpath={.items[0].metadata.name})/proxy/pods',
      undefined,
      /forbidden/,
    ],
    [
      'takes a token of its own account',
      `kubectl create token tenantry-operator -n ${NS}`,
      undefined,
      /forbidden/,
    ],
    [
      'makes itself an administrator',
      'kubectl create clusterrolebinding attack --clusterrole=cluster-admin --serviceaccount=tenantry-system:tenantry-operator',
      undefined,
      /forbidden/,
    ],
    [
      'grants an administrator’s role',
      'kubectl create -f -',
      binding(INSTANCE, 'cluster-admin'),
      /binds only tenantry-instance|attempting to grant/,
    ],
    [
      'grants a role of services that nobody let it bind',
      'kubectl create -f -',
      binding(INSTANCE, 'tenantry-service-onlooker'),
      /forbidden/,
    ],
    [
      'grants what it may where it may not',
      'kubectl create -f -',
      binding('onlooker', 'tenantry-instance'),
      /only in namespaces that it created/,
    ],
    [
      'makes roles',
      `kubectl create role attack --verb=get --resource=secrets -n ${INSTANCE}`,
      undefined,
      /forbidden/,
    ],
    [
      'makes accounts elsewhere',
      'kubectl create serviceaccount attack -n onlooker',
      undefined,
      /only in namespaces that it created/,
    ],
    [
      'writes an account for an instance that the namespace is not',
      'kubectl apply --server-side --force-conflicts -f -',
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: {
          name: 'default',
          namespace: INSTANCE,
          labels: { 'tenantry.dev/instance-uid': '99999999-9999-4999-8999-999999999999' },
        },
      }),
      /must be the UID that the namespace carries/,
    ],
    [
      'limits others',
      'kubectl create quota attack --hard=pods=0 -n onlooker',
      undefined,
      /only in namespaces that it created/,
    ],
    [
      'deletes what it did not make',
      'kubectl delete namespace onlooker',
      undefined,
      /only namespaces that it created/,
    ],
    [
      'makes a namespace for privileged pods',
      'kubectl create -f -',
      namespaceFor({ 'pod-security.kubernetes.io/enforce': 'privileged' }),
      /makes no namespaces for privileged pods/,
    ],
    [
      'makes a namespace that says nothing of pods',
      'kubectl create -f -',
      namespaceFor({}),
      /makes no namespaces for privileged pods/,
    ],
    [
      'lets privileged pods into an instance',
      `kubectl label namespace ${INSTANCE} pod-security.kubernetes.io/enforce=privileged --overwrite`,
      undefined,
      /makes no namespaces for privileged pods/,
    ],
    [
      'takes the limit of an instance’s pods away',
      `kubectl label namespace ${INSTANCE} pod-security.kubernetes.io/enforce-`,
      undefined,
      /makes no namespaces for privileged pods/,
    ],
    ['has the API server call anywhere', 'kubectl create -f -', conversion, /no conversion webhooks/],
    [
      'lets go of the policies',
      'kubectl delete validatingadmissionpolicy tenantry-operator-writes',
      undefined,
      /forbidden/,
    ],
    [
      'lets go of their bindings',
      'kubectl delete validatingadmissionpolicybinding tenantry-operator-writes',
      undefined,
      /forbidden/,
    ],
    [
      'listens to everything',
      `kubectl patch mutatingwebhookconfiguration tenantry --type json -p '[{"op":"replace","path":"/webhooks/0/rules/0/apiGroups","value":["*"]}]'`,
      undefined,
      /listens only to its own kinds/,
    ],
  ])('never %s', async (_what, line, input, message) => {
    const { code, stderr, stdout } = await asOperator(line, input);

    expect(`${stdout}${stderr}`).toMatch(message);
    expect(code).not.toBe(0);
  });
});

describe('the account that kubelets are shown', () => {
  it('can do nothing but read what pods use, at the API server and at a kubelet', async () => {
    const token = (await run(`kubectl create token tenantry-usage -n ${NS}`)).trim();
    const asUsage = await shellAs('tenantry-usage');
    const review = (namespace: string) => ({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace },
    });
    const rights = await Promise.all(
      [NS, ACCOUNTS, INSTANCE, 'kube-system'].map(async (namespace) => {
        const { stdout } = await asUsage(
          'kubectl create --validate=false -f - -o json',
          JSON.stringify(review(namespace)),
        );
        const { status } = JSON.parse(stdout) as { status: { resourceRules: readonly Rule[] } };
        return status.resourceRules.map(lineOf).filter((right) => !ANYBODY.test(right));
      }),
    );
    const ask = (path: string): Promise<string> =>
      onNode(`curl -sk -o /dev/null -w '%{http_code}' -H 'authorization: Bearer ${token}' '${path}'`);
    const kubelet = `https://127.0.0.1:10250`;

    expect(rights).toEqual([
      ['nodes/stats: get'],
      ['nodes/stats: get'],
      ['nodes/stats: get'],
      ['nodes/stats: get'],
    ]);
    expect(await ask(`${kubelet}/stats/summary`)).toBe('200');
    for (const path of [
      `/exec/${INSTANCE}/a/b?command=id`,
      `/run/${INSTANCE}/a/b`,
      '/pods',
      '/logs/',
      '/metrics',
      '/stats/../pods',
    ])
      expect([path, await ask(`${kubelet}${path}`)]).toEqual([path, '403']);
  });
});
