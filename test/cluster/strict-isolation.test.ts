import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../src/client/http-client.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { accessOf } from '../../src/local/own-kubeconfig.ts';
import { fromRunner, getJson, run, shell, type Ended } from './programs.ts';
import { create, forget, NS, register } from './small-charts.ts';

/**
 * The multi-tenancy benchmarks of the Kubernetes SIG against `isolation: strict`, attempted as the service's account (what a chart may do)
 * and as a pod of an instance. Each attempt is also made where nothing is controlled: it must succeed there, or its refusal
 * would prove nothing. `byDefault` says whether the default isolation refuses it, too.
 */
const ACCOUNTS = 'tenantry-system-services';
const STRICT = 'vault-a';
const OTHER = 'vault-b';
/** An instance of another service, with the default isolation; made by the quickstart. */
const DEFAULT = 'wp-for-tenant1';
/** The same rights for the same account, and no controls. */
const OPEN = 'strict-open';
const IMAGE = 'localhost/tenantry/http-echo:1.0.0';
const PORT = 5678;

const SECURITY = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};
const CHART = {
  'templates/all.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: {name: echo}
spec:
  selector: {matchLabels: {app: echo}}
  template:
    metadata: {labels: {app: echo}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: echo
          image: ${IMAGE}
          imagePullPolicy: IfNotPresent
          args: ['-text={{ .Release.Namespace }}']
          securityContext: ${JSON.stringify(SECURITY)}
          volumeMounts: [{name: data, mountPath: /data}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 64Mi}}}
`,
};

const client = createClient(accessOf(await readFile(fromRunner('KUBECONFIG'), 'utf8')), {
  clock: systemClock,
});
let account = '';

const asAccount = (line: string, input?: unknown): Promise<Ended> =>
  shell(
    `${line} --as=${account} --as-group=system:serviceaccounts:${ACCOUNTS} --as-group=system:serviceaccounts --as-group=system:authenticated`,
    input === undefined ? {} : { input: JSON.stringify(input) },
  );

beforeAll(async () => {
  await register('vault', CHART, { more: { policies: { isolation: 'strict' } } });
  for (const name of [STRICT, OTHER]) await create('vault', name);
  const name = (await run(`kubectl get serviceaccounts -n ${ACCOUNTS} -o name`))
    .split('\n')
    .find((line) => line.includes('/vault-'));
  account = `system:serviceaccount:${ACCOUNTS}:${name?.split('/')[1] ?? ''}`;
  await run(`kubectl create namespace ${OPEN}`);
  await run(
    `kubectl create rolebinding open -n ${OPEN} --clusterrole=tenantry-instance --serviceaccount=${ACCOUNTS}:${name?.split('/')[1] ?? ''}`,
  );
  await run(`kubectl wait vault/${STRICT} vault/${OTHER} -n ${NS} --for=condition=Ready --timeout=120s`);
});

afterAll(async () => {
  await forget('vault');
  await shell(`kubectl delete namespace ${OPEN} --wait=false`);
  await client.close();
});

type Extra = Readonly<Record<string, unknown>>;
const pod = (spec: Extra = {}, container: Extra = {}): unknown => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'attempt' },
  spec: {
    containers: [
      {
        name: 'c',
        image: IMAGE,
        imagePullPolicy: 'Always',
        resources: { requests: { cpu: '1m', memory: '8Mi' }, limits: { cpu: '10m', memory: '16Mi' } },
        securityContext: SECURITY,
        ...container,
      },
    ],
    ...spec,
  },
});
const secured = (change: Extra): unknown => pod({}, { securityContext: { ...SECURITY, ...change } });
const volume = (source: Extra): unknown => pod({ volumes: [{ name: 'v', ...source }] });
const service = (spec: Extra): unknown => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'attempt' },
  spec: { selector: { app: 'echo' }, ports: [{ port: 80, targetPort: PORT }], ...spec },
});
const claim = (spec: Extra): unknown => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'attempt' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } }, ...spec },
});

interface Attempt {
  readonly what: string;
  readonly object: unknown;
  readonly message: RegExp;
  readonly byDefault: boolean;
}

const attempts: readonly Attempt[] = [
  {
    what: 'CPI-3 adds capabilities',
    object: secured({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } }),
    message: /SYS_ADMIN/,
    byDefault: true,
  },
  {
    what: 'CPI-4 runs as root',
    object: secured({ runAsNonRoot: false, runAsUser: 0 }),
    message: /runAsNonRoot/,
    byDefault: false,
  },
  {
    what: 'CPI-5 is privileged',
    object: secured({ privileged: true, allowPrivilegeEscalation: true }),
    message: /privileged/,
    byDefault: true,
  },
  {
    what: 'CPI-6 may escalate',
    object: secured({ allowPrivilegeEscalation: true }),
    message: /allowPrivilegeEscalation/,
    byDefault: false,
  },
  {
    what: 'HI-1 mounts a folder of the node',
    object: volume({ hostPath: { path: '/etc' } }),
    message: /hostPath|spec\.volumes/,
    byDefault: true,
  },
  {
    what: 'mounts the socket of a container runtime',
    object: volume({ hostPath: { path: '/var/run/docker.sock' } }),
    message: /hostPath|spec\.volumes/,
    byDefault: true,
  },
  {
    what: 'HI-2 opens a node port',
    object: service({ type: 'NodePort' }),
    message: /NodePort/,
    byDefault: false,
  },
  {
    what: 'HI-3 uses the node’s network',
    object: pod({ hostNetwork: true }),
    message: /host namespaces/,
    byDefault: true,
  },
  {
    what: 'HI-3 opens a port of the node',
    object: pod({}, { ports: [{ containerPort: 80, hostPort: 8080 }] }),
    message: /hostPort/,
    byDefault: true,
  },
  {
    what: 'HI-4 sees the node’s processes',
    object: pod({ hostPID: true }),
    message: /host namespaces/,
    byDefault: true,
  },
  {
    what: 'HI-5 shares the node’s memory',
    object: pod({ hostIPC: true }),
    message: /host namespaces/,
    byDefault: true,
  },
  {
    what: 'DI-1 does not pull',
    object: pod({}, { imagePullPolicy: 'IfNotPresent' }),
    message: /imagePullPolicy: must be Always/,
    byDefault: false,
  },
  {
    what: 'keeps data on the node',
    object: volume({ emptyDir: {} }),
    message: /persistent volume claims/,
    byDefault: false,
  },
  {
    what: 'takes a volume that exists',
    object: claim({ volumeName: 'pv-of-another' }),
    message: /volumes that exist already/,
    byDefault: false,
  },
  {
    what: 'takes any volume that is free',
    object: claim({ storageClassName: '' }),
    message: /volumes that exist already/,
    byDefault: false,
  },
  {
    what: 'takes traffic of another’s address',
    object: service({ externalIPs: ['192.0.2.1'] }),
    message: /externalIPs/,
    byDefault: true,
  },
  {
    what: 'opens what is closed',
    object: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'attempt' },
      spec: { podSelector: {}, ingress: [{}] },
    },
    message: /only the operator writes network policies/,
    byDefault: false,
  },
];

describe('strict isolation', () => {
  it('lets a chart run that breaks no rule, and has its images pulled', async () => {
    const { spec } = await getJson<{ spec: { template: { spec: { containers: unknown[] } } } }>(
      `deployment/echo -n ${STRICT}`,
    );

    expect(spec.template.spec.containers).toMatchObject([{ imagePullPolicy: 'Always' }]);
    expect((await asAccount(`kubectl create -n ${STRICT} --dry-run=server -f -`, pod())).stderr).toBe('');
  });

  it.each(attempts)('refuses what $what', async ({ object, message, byDefault }) => {
    const [strict, open, standard] = await Promise.all([
      asAccount(`kubectl create -n ${STRICT} -f -`, object),
      asAccount(`kubectl create -n ${OPEN} --dry-run=server -f -`, object),
      // Its own service's account may write there; the cluster's administrator passes the same admission.
      shell(`kubectl create -n ${DEFAULT} --dry-run=server -f -`, { input: JSON.stringify(object) }),
    ]);

    expect(strict.stderr).toMatch(/forbidden|denied/i);
    expect(strict.stderr).toMatch(message);
    expect(open).toMatchObject({ code: 0 });
    expect(standard.code !== 0).toBe(byDefault);
  });

  it.each([
    ['the binding', 'delete rolebinding tenantry-instance'],
    ['the policy', 'delete networkpolicy restrict-cross-ns-traffic'],
    [
      'the rules of the policy',
      `patch networkpolicy restrict-cross-ns-traffic --type merge -p '{"spec":{"ingress":[{}]}}'`,
    ],
    ['the quota', 'delete resourcequota --all'],
  ])('CPI-2, TI-1: keeps the operator’s objects from its tenants: %s', async (_what, words) => {
    const { code, stderr } = await asAccount(`kubectl -n ${STRICT} ${words} --dry-run=server`);

    expect(stderr).toMatch(/forbidden|denied/i);
    expect(code).not.toBe(0);
    // The same right over an object of its own.
    expect((await asAccount(`kubectl -n ${OPEN} delete rolebinding open --dry-run=server`)).code).toBe(0);
  });

  it('FNS-1, FNS-2: counts what an instance could exhaust', async () => {
    const { items } = await getJson<{ items: { spec: { hard: Record<string, string> } }[] }>(
      `resourcequota -n ${STRICT}`,
    );

    expect(Object.keys(items[0]?.spec.hard ?? {})).toEqual(
      expect.arrayContaining([
        'requests.cpu',
        'limits.cpu',
        'requests.memory',
        'limits.memory',
        'requests.storage',
        'pods',
        'persistentvolumeclaims',
        'services',
        'services.loadbalancers',
        'services.nodeports',
        'secrets',
        'configmaps',
      ]),
    );
    const tooMuch = await asAccount(
      `kubectl create -n ${STRICT} -f -`,
      claim({ resources: { requests: { storage: '500Ti' } } }),
    );
    expect(tooMuch.stderr).toMatch(/exceeded quota/);
  });

  it('gives volumes that go with their claim', async () => {
    const { spec } = await getJson<{ spec: { volumeName: string } }>(`pvc/data -n ${STRICT}`);

    expect(
      await run(`kubectl get pv ${spec.volumeName} -o jsonpath={.spec.persistentVolumeReclaimPolicy}`),
    ).toBe('Delete');
  });

  it('lets no packet from one instance to another, in either direction', async () => {
    const addressOf = (namespace: string, label: string): Promise<string> =>
      run(`kubectl get pod -n ${namespace} -l ${label} -o jsonpath='{.items[0].status.podIP}'`);
    await run(`kubectl run outside -n ${OPEN} --image=${IMAGE} --labels=app=echo -- -text=outside`);
    await run(`kubectl wait -n ${OPEN} pod/outside --for=condition=Ready --timeout=60s`);
    const [own, other, open] = await Promise.all([
      addressOf(STRICT, 'app=echo'),
      addressOf(OTHER, 'app=echo'),
      addressOf(OPEN, 'app=echo'),
    ]);
    const dial = async (from: string, what: string, to: string): Promise<boolean> =>
      (await shell(`kubectl exec -n ${from} ${what} -- /http-echo -dial=${to}:${PORT} -timeout=2s`)).code ===
      0;

    expect(await dial(STRICT, 'deploy/echo', own)).toBe(true);
    expect(await dial(STRICT, 'deploy/echo', other)).toBe(false);
    // Out of it, and into it.
    expect(await dial(STRICT, 'deploy/echo', open)).toBe(false);
    expect(await dial(OPEN, 'pod/outside', other)).toBe(false);
    // Where there are no policies, it arrives.
    expect(await dial(OPEN, 'pod/outside', open)).toBe(true);
  });
});

const VERBS = ['get', 'list', 'create', 'update', 'patch', 'watch', 'delete', 'deletecollection'];

/** Every resource that the cluster serves, subresources left out: `group/resource`. */
async function resources(namespaced: boolean): Promise<readonly string[]> {
  const text = await run(`kubectl api-resources --namespaced=${namespaced} --no-headers -o name`);
  return text.trim().split('\n');
}

/** Which of the questions are answered by yes. */
async function granted(
  user: string,
  groups: readonly string[],
  namespace: string | undefined,
  names: readonly string[],
  verbs: readonly string[] = VERBS,
): Promise<readonly string[]> {
  const ask = async (name: string, verb: string): Promise<string[]> => {
    const [resource = '', ...group] = name.split('.');
    const { text } = await client.raw({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user, groups, resourceAttributes: { namespace, verb, resource, group: group.join('.') } },
      },
    });
    // True by the API's contract.
    return (JSON.parse(text) as { status: { allowed: boolean } }).status.allowed ? [`${verb} ${name}`] : [];
  };
  const answers: string[] = [];
  for (const name of names) answers.push(...(await Promise.all(verbs.map((verb) => ask(name, verb)))).flat());
  return answers;
}

const EVERYBODY = ['system:authenticated', 'system:serviceaccounts'];

describe('rights of tenants', () => {
  const identities = (): readonly (readonly [string, readonly string[]])[] => [
    [account, [`system:serviceaccounts:${ACCOUNTS}`, ...EVERYBODY]],
    [`system:serviceaccount:${STRICT}:default`, [`system:serviceaccounts:${STRICT}`, ...EVERYBODY]],
  ];

  it('CPI-1: none over the cluster, but to ask about oneself', async () => {
    const names = await resources(false);
    expect(names).toContain('nodes');
    for (const [user, groups] of identities()) {
      const found = await granted(user, groups, undefined, names);
      // Every user may ask about themselves, and every account may read whom the cluster trusts: rules of Kubernetes.
      const isEverybodys = (each: string): boolean =>
        /^(create selfsubject(access|rules)?reviews|(get|list|watch) clustertrustbundles)\./.test(each);
      expect(found.filter((each) => !isEverybodys(each))).toEqual([]);
    }
  });

  it('TI-2: none over another tenant’s namespace', async () => {
    const names = await resources(true);
    const [chart, inside] = identities();
    expect(await granted(chart?.[0] ?? '', chart?.[1] ?? [], DEFAULT, names)).toEqual([]);
    expect(await granted(inside?.[0] ?? '', inside?.[1] ?? [], OTHER, names)).toEqual([]);
    // The question is asked well: where it has rights, it is told so.
    expect(await granted(chart?.[0] ?? '', chart?.[1] ?? [], STRICT, ['configmaps'], ['get'])).toEqual([
      'get configmaps',
    ]);
  });

  it('TI-1: none to change quotas, to escalate or to bind more', async () => {
    for (const [user, groups] of identities()) {
      const ask = (name: string, verbs: readonly string[]): Promise<readonly string[]> =>
        granted(user, groups, STRICT, [name], verbs);
      const changes = ['create', 'update', 'patch', 'delete', 'deletecollection'];
      expect(await ask('resourcequotas', changes)).toEqual([]);
      expect(await ask('limitranges', changes)).toEqual([]);
      expect(await ask('roles.rbac.authorization.k8s.io', ['escalate', 'bind'])).toEqual([]);
      expect(await ask('clusterroles.rbac.authorization.k8s.io', ['escalate', 'bind'])).toEqual([]);
    }
  });
});
