import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, shell } from './programs.ts';

const OPERATOR = 'system:serviceaccount:tenantry-system:tenantry-operator';
const ACCOUNTS = 'tenantry-system-services';
const WORDPRESS_ACCOUNT_GROUP = `--as-group=system:serviceaccounts:${ACCOUNTS} --as-group=system:serviceaccounts --as-group=system:authenticated`;
/** Made by the quickstart: an instance's namespace with its policies. */
const INSTANCE = 'wp-for-tenant1';

const asOperator = (line: string, input?: string): ReturnType<typeof shell> =>
  shell(`${line} --as=${OPERATOR}`, input === undefined ? {} : { input });

let serviceAccount = '';

beforeAll(async () => {
  const names = await run(`kubectl get serviceaccounts -n ${ACCOUNTS} -o name`);
  const name = names.split('\n').find((line) => line.includes('wordpressservice-'));
  serviceAccount = `system:serviceaccount:${ACCOUNTS}:${name?.split('/')[1] ?? ''}`;
  await run('kubectl create namespace bystander');
});

afterAll(async () => {
  await shell('kubectl delete namespace bystander --wait=false');
});

describe('the operator’s rights', () => {
  const no: readonly [string, string][] = [
    ['read a Secret of an instance', `get secrets -n ${INSTANCE}`],
    ['read Secrets of the cluster', 'list secrets -A'],
    ['read ConfigMaps of the cluster', 'list configmaps -A'],
    ['be anybody', 'impersonate users'],
    ['be any group', 'impersonate groups'],
    ['be an account of the cluster', 'impersonate serviceaccounts -n kube-system'],
    ['make ClusterRoles', 'create clusterroles'],
    ['make ClusterRoleBindings', 'create clusterrolebindings'],
    ['escalate', 'escalate clusterroles'],
    ['bind any role', 'bind clusterroles/cluster-admin'],
    ['run commands in pods', `create pods --subresource=exec -n ${INSTANCE}`],
    ['reach kubelets', 'get nodes --subresource=proxy'],
    ['make pods', `create pods -n ${INSTANCE}`],
    ['write policies of admission', 'update validatingadmissionpolicies'],
    ['write webhooks of others', 'update validatingwebhookconfigurations/other'],
  ];
  it.each(no)('do not let it %s', async (_what, question) => {
    const { stdout } = await asOperator(`kubectl auth can-i ${question}`);

    expect(stdout.trim().split('\n').at(-1)).toBe('no');
  });

  it('let it act as a service, in the accounts’ namespace only', async () => {
    const { stdout } = await asOperator(`kubectl auth can-i impersonate serviceaccounts -n ${ACCOUNTS}`);

    expect(stdout.trim()).toBe('yes');
  });
});

describe('what RBAC lets the operator do and the admission policies do not', () => {
  const binding = (namespace: string, role: string, subjectNamespace = ACCOUNTS): string =>
    JSON.stringify({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'attack', namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name: 'x', namespace: subjectNamespace }],
    });
  const crd = (group: string): string =>
    JSON.stringify({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: {
        name: `attacks.${group}`,
        annotations: { 'api-approved.kubernetes.io': 'unapproved, test' },
        labels: { 'registered-by': 'kubeplus' },
      },
      spec: {
        group,
        scope: 'Namespaced',
        names: { kind: 'Attack', plural: 'attacks' },
        versions: [
          { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
        ],
      },
    });
  /** As safe for pods as those it makes, so that no other policy answers. */
  const unmarked = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: 'unmarked',
      labels: {
        'pod-security.kubernetes.io/enforce': 'baseline',
        'pod-security.kubernetes.io/enforce-version': 'latest',
      },
    },
  });
  const policy = (namespace: string): string =>
    JSON.stringify({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'attack', namespace },
      spec: { podSelector: {}, ingress: [{}] },
    });
  const attacks: readonly [string, string, string | undefined, RegExp][] = [
    [
      'bind its role in a namespace that it did not make',
      'kubectl create --dry-run=server -f -',
      binding('bystander', 'tenantry-instance'),
      /only in namespaces that it created/,
    ],
    [
      'bind its role to an account of its own choice',
      'kubectl create --dry-run=server -f -',
      binding(INSTANCE, 'tenantry-instance', 'bystander'),
      /binds only tenantry-instance/,
    ],
    [
      'write network policies in a namespace that it did not make',
      'kubectl create --dry-run=server -f -',
      policy('bystander'),
      /only in namespaces that it created/,
    ],
    [
      'delete a namespace that it did not make',
      'kubectl delete namespace bystander --dry-run=server',
      undefined,
      /only namespaces that it created/,
    ],
    [
      'make a namespace without its mark',
      'kubectl create --dry-run=server -f -',
      unmarked,
      /only namespaces that it created/,
    ],
    [
      'adopt a namespace by its mark',
      'kubectl label namespace bystander tenantry.dev/instance-uid=x --dry-run=server',
      undefined,
      /only the operator sets this label, on a namespace that it creates/,
    ],
    [
      'take its mark from a namespace',
      `kubectl label namespace ${INSTANCE} tenantry.dev/instance-uid- --dry-run=server`,
      undefined,
      /instance-uid|only namespaces that it created/,
    ],
    [
      'make a CRD in a group of Kubernetes',
      'kubectl create --dry-run=server -f -',
      crd('attack.k8s.io'),
      /groups of Kubernetes/,
    ],
    [
      'listen to pods',
      `kubectl patch validatingwebhookconfiguration tenantry --dry-run=server --type json -p '[{"op":"replace","path":"/webhooks/0/rules/0/apiGroups","value":[""]}]'`,
      undefined,
      /listens only to its own kinds/,
    ],
  ];
  it.each(attacks)('it can’t %s', async (_what, line, input, message) => {
    const { code, stderr } = await asOperator(line, input);

    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
  });
});

describe('an account of a service', () => {
  const asService = (line: string): ReturnType<typeof shell> =>
    shell(`${line} --as=${serviceAccount} ${WORDPRESS_ACCOUNT_GROUP}`);

  it('reads its own instances', async () => {
    expect((await asService(`kubectl auth can-i get secrets -n ${INSTANCE}`)).stdout.trim()).toBe('yes');
  });

  it.each([
    ['another namespace', 'get secrets -n bystander'],
    ['the operator’s namespace', 'get secrets -n tenantry-system'],
    ['the quota', `update resourcequotas -n ${INSTANCE}`],
    ['the cluster', 'list nodes'],
  ])('has no rights on %s', async (_what, question) => {
    expect((await asService(`kubectl auth can-i ${question}`)).stdout.trim().split('\n').at(-1)).toBe('no');
  });

  it('can’t change the policy that isolates it', async () => {
    const { code, stderr } = await asService(
      `kubectl patch networkpolicy restrict-cross-ns-traffic -n ${INSTANCE} --dry-run=server --type merge -p '{"spec":{"ingress":[{}]}}'`,
    );

    expect(code).not.toBe(0);
    expect(stderr).toMatch(/not the chart's/);
  });
});

describe('anybody else', () => {
  it('can’t mark an object as an instance’s', async () => {
    const { code, stderr } = await shell(
      `kubectl create configmap spoof -n ${INSTANCE} --dry-run=client -o json | sed 's/"metadata": {/"metadata": {"labels": {"tenantry.dev\\/instance-uid": "x"},/' | kubectl create --dry-run=server -f -`,
    );

    expect(code).not.toBe(0);
    expect(stderr).toMatch(/only the operator and the accounts of services set this label/);
  });

  it('can’t make a Service that takes over addresses or names of others', async () => {
    const service = (spec: object): Promise<Awaited<ReturnType<typeof shell>>> =>
      shell('kubectl create --dry-run=server -f -', {
        input: JSON.stringify({
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'thief', namespace: INSTANCE },
          spec,
        }),
      });
    const ports = [{ port: 80 }];

    expect((await service({ ports, externalIPs: ['192.0.2.1'] })).stderr).toMatch(
      /spec\.externalIPs: not allowed/,
    );
    expect(
      (await service({ type: 'ExternalName', externalName: 'a.kube-system.svc.cluster.local' })).stderr,
    ).toMatch(/ExternalName is not allowed/);
    expect((await service({ ports, type: 'LoadBalancer' })).code).toBe(0);
  });

  it('can’t mark an object or a namespace through its status', async () => {
    const forged = '{"metadata":{"labels":{"tenantry.dev/instance-uid":"x"}}}';
    const patch = (what: string): ReturnType<typeof shell> =>
      shell(`kubectl patch ${what} --subresource=status --type merge -p '${forged}' --dry-run=server`);
    const pod = (await run(`kubectl get pods -n ${INSTANCE} -o name`)).split('\n')[0] ?? '';

    expect((await patch('namespace bystander')).stderr).toMatch(/only the operator sets this label/);
    expect((await patch(`${pod} -n ${INSTANCE}`)).stderr).toMatch(
      /only the operator and the accounts of services/,
    );
  });

  it('can’t write the status of an instance, whatever rights there are', async () => {
    const forged = `kubectl patch wordpressservice wp-for-tenant2 -n tenantry-system --subresource=status --type merge -p '{"status":{"helmrelease":"bystander:victim","namespace":"bystander"}}'`;

    expect((await shell(`${forged} --as=consumer`)).code).not.toBe(0);
    const asOwner = await shell(forged);

    expect(asOwner.code).not.toBe(0);
    expect(asOwner.stderr).toMatch(/only the operator writes it/);
  });

  it('registers a service with privileged pods only where the owner allows them', async () => {
    const [name = ''] = (await run('kubectl get resourcecompositions -n tenantry-system -o name')).split(
      '\n',
    );
    const patch = JSON.stringify({ spec: { policies: { podSecurity: 'privileged' } } });
    const { code, stderr } = await shell(
      `kubectl patch ${name} -n tenantry-system --dry-run=server --type merge -p '${patch}'`,
    );

    expect(stderr).toMatch(/spec\.policies\.podSecurity: .*allowPrivileged/);
    expect(code).not.toBe(0);
  });
});
