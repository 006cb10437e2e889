import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TENANT_PLAN } from '../../src/api/plan.ts';
import { REVISION } from '../../src/api/revision.ts';
import { TENANT } from '../../src/api/tenant.ts';
import type { Control, State } from '../../src/features/isolation/finding.ts';
import {
  LIMIT_RANGE,
  NAMESPACE,
  NETWORK_POLICY,
  POD,
  RESOURCE_QUOTA,
  ROLE_BINDING,
  SERVICE_ACCOUNT,
  VALIDATING_ADMISSION_POLICY,
  VALIDATING_ADMISSION_POLICY_BINDING,
} from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { AnyObject, KubeObject } from '../../src/kube/object.ts';
import { InstanceRig, OPERATOR, POLICIES, SERVICE_UID } from './instance-rig.ts';
import { install } from './instance-steps.ts';
import { startPlugins, type PluginRig } from './plugin-rig.ts';

/** A busy machine installs in seconds what takes half of one elsewhere. */
const HOOK_MS = 60_000;
const HOME = 'shop1';
const RELEASE = 'shopservice-shop1';
const POLICIES_OF_CHART = [
  'namespace-label',
  'object-label',
  'service-writes',
  'services',
  'status',
  'storage-classes',
  'strict-network',
  'strict-pods',
  'strict-services',
  'strict-volumes',
].map((name) => `tenantry-${name}`);

let rig: InstanceRig;
let plugins: PluginRig;
/** What the API server refuses pods with. */
let guards = { podSecurity: true, quota: true };

/** The strictest service on a plan with everything in it; then nobody puts back what a test takes away. */
beforeAll(async () => {
  rig = await InstanceRig.start();
  plugins = await startPlugins(rig.api.url, { token: 'tester', namespace: OPERATOR });
  const plan = {
    isolation: 'strict',
    egress: 'closed',
    nodePool: { nodeSelector: { pool: 'gold' } },
    nodes: 'exclusive',
    runtimeClass: 'kata',
    quota: { counts: { services: '3' } },
    storageClasses: ['fast'],
  };
  await apply(TENANT_PLAN, 'gold', plan);
  await apply(TENANT, 'default', { plan: 'gold' });
  await rig.revise(2, { policies: { ...POLICIES, podResources: { limits: { cpu: '1' } } } });
  const labels = { 'tenantry.dev/service-uid': SERVICE_UID };
  const revision = { namespace: OPERATOR, name: 'shop-2' };
  await rig.client.patch(REVISION, revision, { type: 'merge', body: { metadata: { labels } } });
  await install(rig, 'shop1', { nodeName: 'n1' });
  await rig.stop();
  surround();
}, HOOK_MS);
afterAll(async () => {
  await plugins.close();
  await rig.close();
});
afterEach(() => {
  guards = { podSecurity: true, quota: true };
});

const apply = (kind: Kind, name: string, spec: object): Promise<unknown> =>
  rig.client.apply(
    kind,
    {
      apiVersion: 'tenantry.dev/v1alpha1',
      kind: kind.kind,
      metadata: { name, namespace: OPERATOR },
      spec,
    } as AnyObject,
    { fieldManager: 'tester' },
  );

/** What a cluster does that the server in memory does not: counts the quota, runs a pod, refuses pods, has the chart's policies. */
function surround(): void {
  const [quota] = rig.objects(RESOURCE_QUOTA, HOME);
  if (quota !== undefined)
    rig.api.put(RESOURCE_QUOTA, { ...quota, status: { hard: quota.spec?.hard ?? {} } });
  rig.api.put(POD, podOf());
  for (const name of POLICIES_OF_CHART) {
    const metadata = { name };
    const base = { apiVersion: 'admissionregistration.k8s.io/v1', metadata };
    rig.api.put(VALIDATING_ADMISSION_POLICY, {
      ...base,
      kind: 'ValidatingAdmissionPolicy',
      spec: { failurePolicy: 'Fail' },
    });
    rig.api.put(VALIDATING_ADMISSION_POLICY_BINDING, {
      ...base,
      kind: 'ValidatingAdmissionPolicyBinding',
      spec: { policyName: name, validationActions: ['Deny'] },
    });
  }
  rig.api.addAdmission(({ resource, name, operation }) => {
    if (resource !== 'pods' || operation !== 'CREATE') return { allowed: true };
    if (guards.podSecurity && name === 'tenantry-probe-privileged')
      return no('violates PodSecurity "restricted"');
    if (guards.quota && name === 'tenantry-probe-large') return no(`exceeded quota: ${RELEASE}`);
    return { allowed: true };
  });
}
const no = (message: string) => ({ allowed: false, findings: [{ message }] });

type PodSpec = NonNullable<(typeof POD)['_type']>['spec'];
function podOf(changes: Partial<NonNullable<PodSpec>> = {}) {
  const container = {
    name: 'web',
    image: 'web',
    imagePullPolicy: 'Always',
    resources: { limits: { cpu: '1000m' } },
  };
  const spec = {
    containers: [container],
    nodeSelector: { pool: 'gold', 'kubernetes.io/hostname': 'n1' },
    affinity: keepingOff(rig.namespace(HOME)?.metadata.labels?.['tenantry.dev/instance-uid'] ?? ''),
    runtimeClassName: 'kata',
    ...changes,
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-0', namespace: HOME }, spec };
}

function keepingOff(uid: string) {
  const key = 'tenantry.dev/instance-uid';
  const term = {
    topologyKey: 'kubernetes.io/hostname',
    namespaceSelector: {},
    labelSelector: {
      matchExpressions: [
        { key, operator: 'Exists' },
        { key, operator: 'NotIn', values: [uid] },
      ],
    },
  };
  return { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
}

const Report = z.array(
  z.object({ control: z.string(), state: z.string(), message: z.string(), remedy: z.string() }),
);

async function states(): Promise<{ readonly failed: boolean; readonly of: Record<string, string> }> {
  const typed = await ask('-o', 'json');
  const of = Report.parse(JSON.parse(typed.out)).map(({ control, state }) => [control, state] as const);
  return { failed: typed.failed, of: Object.fromEntries(of) };
}
const ask = (...words: readonly string[]) =>
  plugins.type('tenantry', 'isolation', 'ShopService', 'shop1', '--operator-namespace', OPERATOR, ...words);

/** What is asked for and in force, all of it. */
const ALL_GREEN = {
  namespace: 'green',
  'pod security': 'green',
  quota: 'green',
  limits: 'green',
  'network policies': 'green',
  egress: 'green',
  'role bindings': 'green',
  'account without token': 'green',
  nodes: 'green',
  'exclusive nodes': 'green',
  'runtime class': 'green',
  'pod resources': 'green',
  'storage classes': 'green',
  'strict isolation': 'green',
  'admission policies': 'green',
  'privileged pod': 'green',
  'pod above quota': 'green',
  'packet in': 'notAsked',
  'packet out': 'notAsked',
} satisfies Record<Control, State>;

const merge = (kind: Kind, name: string, body: object, fieldManager = 'kubectl-edit') =>
  rig.client.patch(
    kind,
    kind.namespaced ? { namespace: HOME, name } : { name },
    { type: 'merge', body },
    { fieldManager },
  );
const label = (key: string, value: string | null) =>
  merge(NAMESPACE, HOME, { metadata: { labels: { [key]: value } } });
const drop = (kind: Kind, name: string) =>
  rig.client.delete(kind, kind.namespaced ? { namespace: HOME, name } : { name });
const swapPod = (changes: Parameters<typeof podOf>[0]) => Promise.resolve(rig.api.put(POD, podOf(changes)));
/** What no client may write, or the server in memory does not take. */
const swap = (kind: Kind, name: string, body: object) => {
  const found = pictures(kind).find(({ metadata }) => metadata.name === name);
  return Promise.resolve(found && rig.api.put(kind, { ...found, ...body }));
};
const created = (kind: Kind, body: object) =>
  rig.client.create(kind, { metadata: { name: 'mine', namespace: HOME }, ...body } as AnyObject);

const EDITORS = {
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'mallory' }],
};

/** Ways to take each control away by hand. */
const REMOVALS: readonly (readonly [string, Control, () => Promise<unknown>])[] = [
  ['the UID', 'namespace', () => label('tenantry.dev/instance-uid', null)],
  ['the UID of another', 'namespace', () => label('tenantry.dev/instance-uid', 'other')],
  ['Pod Security', 'pod security', () => label('pod-security.kubernetes.io/enforce', null)],
  ['its level', 'pod security', () => label('pod-security.kubernetes.io/enforce', 'baseline')],
  ['its newest rules', 'pod security', () => label('pod-security.kubernetes.io/enforce-version', 'v1.20')],
  ['the quota', 'quota', () => drop(RESOURCE_QUOTA, RELEASE)],
  ['a key of the quota', 'quota', () => merge(RESOURCE_QUOTA, RELEASE, { spec: { hard: { pods: null } } })],
  [
    'the quota’s size, in our name',
    'quota',
    () => merge(RESOURCE_QUOTA, RELEASE, { spec: { hard: { 'limits.cpu': '99' } } }, 'tenantry'),
  ],
  ['the counting', 'quota', () => swap(RESOURCE_QUOTA, RELEASE, { status: {} })],
  ['the limits', 'limits', () => drop(LIMIT_RANGE, RELEASE)],
  ['the policy', 'network policies', () => drop(NETWORK_POLICY, 'restrict-cross-ns-traffic')],
  [
    'the policy by a wider one',
    'network policies',
    async () => {
      await drop(NETWORK_POLICY, 'restrict-cross-ns-traffic');
      await rig.client.create(NETWORK_POLICY, {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'restrict-cross-ns-traffic', namespace: HOME },
        spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] },
      });
    },
  ],
  [
    'the walls by another policy',
    'network policies',
    () => created(NETWORK_POLICY, { spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] } }),
  ],
  [
    'the limits of egress',
    'egress',
    () => merge(NETWORK_POLICY, 'restrict-cross-ns-traffic', { spec: { egress: [{}] } }),
  ],
  ['the binding', 'role bindings', () => drop(ROLE_BINDING, 'tenantry-instance')],
  ['the smallness of rights', 'role bindings', () => created(ROLE_BINDING, EDITORS)],
  [
    'the account’s setting',
    'account without token',
    () => merge(SERVICE_ACCOUNT, 'default', { automountServiceAccountToken: true }),
  ],
  [
    'a pod’s lack of a token',
    'account without token',
    () => swapPod({ volumes: [{ name: 'kube-api-access-x' }] }),
  ],
  ['the node pool', 'nodes', () => swapPod({ nodeSelector: { 'kubernetes.io/hostname': 'n1' } })],
  ['the instance’s node', 'nodes', () => swapPod({ nodeSelector: { pool: 'gold' } })],
  ['the rule that keeps others off', 'exclusive nodes', () => swapPod({ affinity: {} })],
  ['the name in the rule', 'exclusive nodes', () => swapPod({ affinity: keepingOff('other') })],
  ['the runtime class', 'runtime class', () => swapPod({ runtimeClassName: 'runc' })],
  [
    'a count that the plan asks for',
    'quota',
    () => merge(RESOURCE_QUOTA, RELEASE, { spec: { hard: { services: null } } }),
  ],
  [
    'a container’s limit',
    'pod resources',
    () => swapPod({ containers: [{ name: 'web', imagePullPolicy: 'Always' }] }),
  ],
  ['the storage classes', 'storage classes', () => label('tenantry.dev/storage-classes', 'fast_slow')],
  ['the mark of strictness', 'strict isolation', () => label('tenantry.dev/isolation', null)],
  [
    'the asking for images',
    'strict isolation',
    () => swapPod({ containers: [{ name: 'web', resources: { limits: { cpu: '1' } } }] }),
  ],
  [
    'the asking for an image that prepares a pod',
    'strict isolation',
    () => swapPod({ initContainers: [{ name: 'first', resources: { limits: { cpu: '1' } } }] }),
  ],
  [
    'an admission policy',
    'admission policies',
    () => drop(VALIDATING_ADMISSION_POLICY, 'tenantry-strict-pods'),
  ],
  [
    'a policy’s teeth',
    'admission policies',
    () =>
      swap(VALIDATING_ADMISSION_POLICY_BINDING, 'tenantry-services', {
        spec: { policyName: 'tenantry-services', validationActions: ['Audit'] },
      }),
  ],
  [
    'a policy’s failing closed',
    'admission policies',
    () => swap(VALIDATING_ADMISSION_POLICY, 'tenantry-services', { spec: { failurePolicy: 'Ignore' } }),
  ],
  [
    'the API server’s Pod Security',
    'privileged pod',
    async () => void (guards = { ...guards, podSecurity: false }),
  ],
  ['the API server’s quota', 'pod above quota', async () => void (guards = { ...guards, quota: false })],
];

const TOUCHED: readonly Kind[] = [
  NAMESPACE,
  RESOURCE_QUOTA,
  LIMIT_RANGE,
  NETWORK_POLICY,
  ROLE_BINDING,
  SERVICE_ACCOUNT,
  POD,
  VALIDATING_ADMISSION_POLICY,
  VALIDATING_ADMISSION_POLICY_BINDING,
];
const pictures = (kind: Kind): readonly KubeObject[] => rig.objects(kind, kind.namespaced ? HOME : undefined);

describe('tenantry isolation', () => {
  it('is green where everything is as the service and the plan ask', async () => {
    expect(await states()).toEqual({ failed: false, of: ALL_GREEN });
  });

  it.each(REMOVALS)('is red at once without %s: %s', async (_what, control, remove) => {
    const before = TOUCHED.map((kind) => [kind, pictures(kind)] as const);
    try {
      await remove();
      const { failed, of } = await states();

      expect(of[control]).toBe('red');
      expect(failed).toBe(true);
    } finally {
      for (const [kind, objects] of before) {
        for (const { metadata } of pictures(kind))
          if (!objects.some((one) => one.metadata.name === metadata.name))
            await drop(kind, metadata.name ?? '');
        for (const object of objects) rig.api.put(kind, object);
      }
    }
  });

  it('is green again afterwards, and every control that is asked for was taken away', async () => {
    expect(await states()).toEqual({ failed: false, of: ALL_GREEN });
    const tried = new Set(REMOVALS.map(([, control]) => control));
    expect(
      Object.entries(ALL_GREEN)
        .filter(([control, state]) => state === 'green' && !tried.has(control as Control)) // true: a key of it
        .map(([control]) => control),
    ).toEqual([]);
  });

  it('counts what hooks left to the chart', async () => {
    const labels = { 'tenantry.dev/instance-uid': (await rig.find('shop1'))?.metadata.uid ?? '' };
    const metadata = { name: 'of-hook', namespace: HOME, labels };
    await created(ROLE_BINDING, { ...EDITORS, metadata });

    expect((await states()).of['role bindings']).toBe('green');
    await drop(ROLE_BINDING, 'of-hook');
  });

  it('does not believe a mark that stands on the object', async () => {
    const name = 'restrict-cross-ns-traffic';
    const policy = rig.objects(NETWORK_POLICY, HOME).find(({ metadata }) => metadata.name === name);
    const { inventoryOf } = await import('../../src/features/instance/inventory.ts');
    const mark = inventoryOf(rig.namespace(HOME))?.policies.find((one) => one.name === name)?.mark;
    const annotations = { 'tenantry.dev/mark': mark ?? '' };
    await merge(NETWORK_POLICY, name, { metadata: { annotations }, spec: { ingress: [{}] } });

    expect((await states()).of['network policies']).toBe('red');
    if (policy !== undefined) rig.api.put(NETWORK_POLICY, policy);
  });

  it('prints one line a control, and the remedy below what is red', async () => {
    guards = { ...guards, quota: false };

    const { out, err } = await ask();

    expect(out).toContain('✓ pod security           restricted\n');
    expect(out).toMatch(
      /✗ pod above quota {8}the cluster accepts a pod above the quota there\n {25}See "quota" above/,
    );
    expect(err).toBe('not in force: pod above quota\n');
  });

  it('says why no packet could be sent', async () => {
    const { out, failed } = await ask('--probe-network');

    // The server in memory has no Service of its own.
    expect(out).toContain('? packet in              could not be sent: get Service default/kubernetes: ');
    expect(failed).toBe(false);
  });
});
