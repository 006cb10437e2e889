import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, shell } from './programs.ts';
import { create, forget, NS, offer, reason, register, uploadChart } from './small-charts.ts';

const configMap = (metadata = 'name: a'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {${metadata}}\ndata: {word: "{{ .Values.word }}"}\n`;
const CLUSTER_ROLE =
  'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: "bad-{{ .Release.Name }}"}\nrules: []\n';

/** A chart whose values decide what is wrong with its pods. */
const PODS = {
  'values.yaml': `image: localhost/tenantry/none:1
args: []
kind: Deployment
nodeSelector: {}
resources: {}
hook: []
`,
  'templates/workload.yaml': `apiVersion: apps/v1
kind: {{ .Values.kind }}
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      nodeSelector: {{ toJson .Values.nodeSelector }}
      containers:
        - name: web
          image: {{ .Values.image }}
          command: [node]
          args: {{ toJson .Values.args }}
          resources: {{ toJson .Values.resources }}
`,
  'templates/hook.yaml': `{{ if .Values.hook }}
apiVersion: batch/v1
kind: Job
metadata: {name: prepare, annotations: {helm.sh/hook: "pre-install,pre-upgrade"}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: prepare
          image: {{ .Values.image }}
          terminationMessagePolicy: FallbackToLogsOnError
          command: [node]
          args: {{ toJson .Values.hook }}
{{ end }}
`,
};
const QUOTA = {
  respolicy: {
    spec: {
      policy: {
        quota: {
          'requests.cpu': '200m',
          'requests.memory': '128Mi',
          'limits.cpu': '1',
          'limits.memory': '512Mi',
        },
      },
    },
  },
};
/** An image that the quickstart brought, with node in it: the operator's own. */
let image: string;

beforeAll(async () => {
  image = await run(
    `kubectl get deployment -n ${NS} -l app.kubernetes.io/component=operator -o jsonpath='{.items[0].spec.template.spec.containers[0].image}'`,
  );
  await register('badvalues', {
    'values.yaml': 'word: fine\ncluster: false\nelsewhere: false\n',
    'values.schema.json': JSON.stringify({
      type: 'object',
      additionalProperties: false,
      properties: {
        word: { type: 'string', not: { const: 'forbidden' } },
        cluster: { type: 'boolean' },
        elsewhere: { type: 'boolean' },
      },
    }),
    'templates/a.yaml': `${configMap()}---\n{{ if .Values.cluster }}\n${CLUSTER_ROLE}{{ end }}`,
    'templates/b.yaml': `{{ if .Values.elsewhere }}\n${configMap('name: b, namespace: kube-system')}{{ end }}`,
  });
  await register('badpods', PODS, { more: QUOTA });
});

afterAll(() => forget('badvalues', 'badpods'));

describe('a composition that is wrong', () => {
  it('gets all findings in one denial: KubePlus’s words, or the field first', async () => {
    const { code, stderr } = await offer({
      name: 'badone',
      resource: { kind: 'Bad.one', plural: 'Bads' },
      chartURL: 'ftp://example.com/a.tgz',
      more: { respolicy: { spec: { policy: { quota: { 'requests.cpu': 'much' } } } } },
    });

    expect(code).not.toBe(0);
    expect(stderr).toContain('Kind name Bad.one invalid. Cannot contain period (.)');
    expect(stderr).toMatch(/^spec\.newResource\.resource\.plural: "Bads" must be/m);
    expect(stderr).toMatch(/^spec\.newResource\.chartURL: ftp:\/\/ is not supported/m);
    expect(stderr).toContain(
      'If quota is specified, specify all four values: requests.cpu, requests.memory, limits.cpu, limits.memory',
    );
    expect(stderr).toMatch(
      /^spec\.respolicy\.spec\.policy\.quota\[requests\.cpu\]: "much" is not a quantity/m,
    );
  });

  it('is refused in a namespace that is no provider’s', async () => {
    const { stderr } = await offer({ name: 'badone', namespace: 'default' });

    expect(stderr).toContain(
      `ResourceComposition instance should be created in the same Namespace as KubePlus Namespace (${NS})`,
    );
  });

  it.each([
    [
      'is not uploaded',
      'file:///bad-none-0.1.0.tgz',
      /Chart \/bad-none-0\.1\.0\.tgz not found\.\nUse kubectl upload chart/,
    ],
    ['has no host', 'https://nosuchhost.invalid/a-0.1.0.tgz', /there is no host nosuchhost\.invalid/],
    ['is not encrypted', 'http://example.com/a-0.1.0.tgz', /http:\/\/ is not encrypted.*use https/],
    ['is the cluster’s own', 'https://10.96.0.1/a-0.1.0.tgz', /address of this machine.*upload the chart/],
  ])('is told about a chart that %s', async (_name, chartURL, message) => {
    expect((await offer({ name: 'badone', chartURL })).stderr).toMatch(message);
  });
});

describe('a chart that is wrong', () => {
  it.each([
    [
      'leaves its namespace',
      { 'templates/a.yaml': configMap('name: a, namespace: kube-system'), 'templates/b.yaml': CLUSTER_ROLE },
      [
        /ConfigMap a \(badchart\/templates\/a\.yaml\): it is for namespace kube-system/,
        /ClusterRole bad-\S+ \(badchart\/templates\/b\.yaml\): .*allow it by name in spec\.policies\.allowedClusterKinds/,
      ],
    ],
    [
      'does not parse',
      { 'templates/a.yaml': '{{ if }}' },
      [/badchart\/templates\/a\.yaml:1\): missing value for if$/m],
    ],
    [
      'does not render',
      { 'templates/a.yaml': 'a: {{ required "give a domain" .Values.domain }}' },
      [/give a domain; .*providerValues/],
    ],
    ['holds broken values', { 'values.yaml': 'a: [' }, [/can not be read: cannot load values\.yaml/]],
    [
      'never ends',
      {
        'templates/a.yaml':
          '{{ range until 10000000 }}{{ range until 10000 }}{{ sha256sum "x" }}{{ end }}{{ end }}',
      },
      [/rendering .*was ended/],
    ],
  ])('is refused where it %s', async (_name, files, messages) => {
    await uploadChart('badchart', files);
    const { code, stderr } = await offer({ name: 'badchart' });

    expect(code).not.toBe(0);
    for (const message of messages) expect(stderr).toMatch(message);
  });

  it('is refused before it is uploaded where it is too large', async () => {
    // Hexadecimal digits of a counter: compresses, but not below the limit of what may be unpacked.
    const { code, stderr } = await uploadChart('badlarge', {
      'files/a': '0123456789abcdef'.repeat(8_000_000),
    });

    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*too large.*\n {2}Correct the chart/);
  });
});

describe('an instance that is wrong', () => {
  it('gets the field, the value and the rule, also for rules that a CRD can’t state', async () => {
    const { stderr } = await create('badvalues', 'bad-a', { word: 'forbidden', nodeName: 'nowhere' });

    expect(stderr).toContain('Invalid node name specified nowhere');
    expect(stderr).toMatch(/spec\.word: "forbidden" .*\(not\)/);
    expect((await shell('kubectl get namespace bad-a')).code).not.toBe(0);
  });

  it.each([
    [
      'too long',
      'a'.repeat(60),
      /Instance name exceeds the allowed limit of \d+\. Consider changing instance name\./,
    ],
    [
      'another kind’s',
      'wp-for-tenant1',
      /App with name wp-for-tenant1 already exists for Kind WordpressService\. Use different app name\./,
    ],
    ['like a namespace from elsewhere', 'bad-0123456789', /^.*metadata\.name: bad-0123456789 ends like/],
  ])('is refused where its name is %s', async (_name, name, message) => {
    expect((await create('badvalues', name)).stderr).toMatch(message);
  });

  it('writes nothing where its values bring what is not allowed', async () => {
    await create('badvalues', 'bad-kind', { cluster: true, elsewhere: true });
    const message = await reason('badvalues/bad-kind', 'KindNotAllowed');

    expect(message).toMatch(/^Nothing was written: /);
    expect(message).toMatch(
      /ClusterRole bad-badvalues-bad-kind \(badvalues\/templates\/a\.yaml\).*allowedClusterKinds/,
    );
    expect(message).toMatch(
      /ConfigMap b \(badvalues\/templates\/b\.yaml\) is meant for namespace kube-system/,
    );
    expect((await shell('kubectl get namespace bad-kind')).code).not.toBe(0);
    expect(await run(`kubectl describe badvalues bad-kind -n ${NS}`)).toMatch(/Warning +KindNotAllowed/);
  });
});

describe('pods that never start', () => {
  it('are told with their own words', async () => {
    const crash = [
      '-e',
      'require("fs").writeFileSync("/dev/termination-log","no database"); process.exit(3)',
    ];
    await Promise.all([
      create('badpods', 'bad-image'),
      create('badpods', 'bad-crash', { image, args: crash }),
      create('badpods', 'bad-node', { image, nodeSelector: { none: 'such' } }),
      create('badpods', 'bad-quota', { image, resources: { requests: { memory: '256Mi' } } }),
      create('badpods', 'bad-daemon', {
        image,
        kind: 'DaemonSet',
        resources: { requests: { memory: '256Mi' } },
      }),
      create('badpods', 'bad-hook', { image, hook: ['-e', 'console.log("no such disk"); process.exit(4)'] }),
    ]);

    expect(await reason('badpods/bad-image', 'ImagePullFailed')).toContain(
      "image localhost/tenantry/none:1 can't be pulled",
    );
    expect(await reason('badpods/bad-crash', 'ContainerCrashes')).toMatch(
      /container web crashes: exit code 3, no database$/,
    );
    expect(await reason('badpods/bad-node', 'Unschedulable')).toMatch(
      /has no node: 0\/1 nodes are available/,
    );
    for (const name of ['bad-quota', 'bad-daemon'])
      expect(await reason(`badpods/${name}`, 'QuotaExceeded')).toMatch(
        /can't create pods: exceeded quota: badpods-\S+, requested: .*; ask for less/,
      );
    expect(await reason('badpods/bad-hook', 'HookFailed')).toMatch(
      /^Hook pre-install Job prepare \(badpods\/templates\/hook\.yaml\) failed: container prepare: exit code 4, no such disk/,
    );
  }, 120_000);

  it('start once the cause is gone', async () => {
    await run(
      `kubectl patch badpods bad-daemon -n ${NS} --type merge -p '${JSON.stringify({ spec: { args: ['-e', 'setInterval(() => 0, 1e6)'], resources: { requests: { memory: '32Mi' } } } })}'`,
    );

    await run(`kubectl wait badpods/bad-daemon -n ${NS} --for=condition=Ready --timeout=60s`);
  });

  it('do not keep a service from being deleted by force, which names its instances before', async () => {
    const refused = await shell(`kubectl delete resourcecomposition badpods -n ${NS}`);
    expect(refused.stderr).toMatch(/The service has instances: .*bad-crash.*label delete=true/);

    await forget('badpods');
    expect((await shell(`kubectl get resourcecomposition badpods -n ${NS}`)).code).not.toBe(0);
    expect(await run("kubectl get namespaces -o name | grep -c '/bad-' || true")).toMatch(/^0$/m);
    expect((await shell('kubectl get crd badpodss.platformapi.kubeplus')).code).not.toBe(0);
  }, 150_000);
});

describe('the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-kubeconfig-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const kubeconfig = async (name: string, change: (config: Config) => void): Promise<string> => {
    const config = JSON.parse(await run('kubectl config view --raw --minify -o json')) as Config;
    change(config);
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
    return path;
  };
  /** One line of what, one of what to do, and no stack. */
  const TWO_LINES = /^error: [^\n]+\n {2}[^\n]+\n$/;
  const COMMANDS = [
    'status',
    'doctor',
    'version',
    'uninstall --instances keep',
    'install --image localhost/x:1 --timeout 5',
  ];

  it.each(COMMANDS)('`tenantry %s` without a cluster says so', async (words) => {
    const path = await kubeconfig('nowhere', ({ clusters: [cluster] }) => {
      if (cluster) cluster.cluster.server = 'https://127.0.0.1:1';
    });
    const { code, stderr } = await shell(`tenantry ${words}`, { env: { KUBECONFIG: path } });

    expect(code).toBe(1);
    expect(stderr).toMatch(TWO_LINES);
    expect(stderr).toMatch(/ECONNREFUSED.*\n.*kubeconfig/);
  });

  /** Types a line as an account without any rights. */
  async function withoutRights(line: string): ReturnType<typeof shell> {
    await shell('kubectl create serviceaccount bad-input -n default');
    const token = (await run('kubectl create token bad-input -n default')).trim();
    const path = await kubeconfig('weak', (config) => {
      config.users = config.users.map(({ name }) => ({ name, user: { token } }));
    });
    const ended = await shell(line, { env: { KUBECONFIG: path } });
    await shell('kubectl delete serviceaccount bad-input -n default');
    return ended;
  }

  it.each(COMMANDS.filter((words) => words !== 'doctor' && words !== 'status'))(
    '`tenantry %s` without rights says so',
    async (words) => {
      const { code, stderr } = await withoutRights(`tenantry ${words}`);

      expect(code).toBe(1);
      expect(stderr).toMatch(TWO_LINES);
      expect(stderr).toMatch(/forbidden: User "system:serviceaccount:default:bad-input".*\n.*right/);
    },
  );

  it('`tenantry status` without rights says what to ask for', async () => {
    const { code, stdout, stderr } = await withoutRights('tenantry status');

    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(TWO_LINES);
    expect(stderr).toMatch(/neither services nor instances in namespace default\n.*kubectl grantpermission/);
  });

  it('`tenantry doctor` without rights says of each thing that it may not see it, and calls none missing', async () => {
    const { code, stdout, stderr } = await withoutRights('tenantry doctor');

    expect([code, stderr]).toEqual([0, '']);
    for (const check of [
      'kinds',
      'rights',
      'policies',
      'accounts',
      'operator',
      'webhooks',
      'storage',
      'objects',
    ])
      expect(stdout).toMatch(new RegExp(`^\\S*\\s*${check}\\b.*may not read`, 'm'));
    expect(stdout).not.toMatch(/missing|not installed/);
  });

  it.each([
    ['status --bogus', 2, /^error: unknown option '--bogus'\n/],
    ['nothing', 2, /^error: unknown command 'nothing'\n/],
    ['chart upload', 2, /^error: missing required argument 'chart'\n/],
    ['chart upload /etc/passwd', 1, TWO_LINES],
    ['install --set replicas=many', 1, /error: replicas: got string, want integer\n {2}Correct what --set/],
    ['install --set shards=0', 1, /error: shards: .*minimum: got 0, want 1\n {2}Correct what --set/],
    ['install --namespace A_b', 2, /^error: --namespace is "A_b".*\n {2}\S/],
    ['install --image nothing', 2, /^error: --image is "nothing".*\n {2}\S/],
    ['install --set replicas=[', 2, /^error: --set replicas=\[: .*\n {2}\S/],
    ['quickstart --image a:1', 2, /^error: --image means nothing with --cluster local\n {2}.*existing/],
    ['quickstart --cluster existing --subnet 10.1.1.0/24', 2, /^error: --subnet means nothing.*\n {2}\S/],
    ['status --kubeconfig /nowhere', 1, TWO_LINES],
  ])('`tenantry %s` ends with %d and a remedy', async (words, expected, message) => {
    const { code, stderr } = await shell(`tenantry ${words}`);

    expect(code).toBe(expected);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

interface Config {
  readonly clusters: { readonly cluster: { server: string } }[];
  users: { readonly name: string; readonly user: object }[];
}
