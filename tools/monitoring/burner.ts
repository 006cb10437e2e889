import type { CompositionSpec } from '../../src/api/resource-composition.ts';
import type { ChartFiles } from '../bench/bench-service.ts';

/** What the instance's pods use by their own making, and what its metrics must say. */
export const BURNS = {
  /** Processors: a loop without end under a limit of so much. */
  cores: 0.2,
  /** Bytes written into memory. */
  memory: 64 * 2 ** 20,
  /** Bytes that one pod sends and another one receives, each second. */
  bytesPerSecond: 100_000,
  /** A metric that the application tells, in two series of one pod. */
  hello: 42,
} as const;

const container = (name: string, image: string, more: object): object => ({
  name,
  image: `localhost/tenantry/${image}`,
  imagePullPolicy: 'Never',
  ...more,
});
const bash = (script: string, limits: object, more: object = {}): object => ({
  command: ['bash', '-c', script],
  resources: { limits, requests: limits },
  ...more,
});

const deployment = (name: string, containers: readonly object[], volumes: readonly object[] = []): string =>
  `${JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers, volumes } },
    },
  })}\n`;

const FETCH = `while :; do
  exec 3<>/dev/tcp/web/5678 && { printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3 >/dev/null; exec 3>&-; }
  sleep 1; done`;

const METRICS = `# HELP hello_requests_total Greetings\nhello_requests_total{path="a"} 40\nhello_requests_total{path="b"} 2\n# PADDING\n`;
/** What makes the page as long as is said above; Helm writes it. */
const padded = (text: string): string => text.replace('PADDING', `{{ repeat ${BURNS.bytesPerSecond} "x" }}`);

/** A chart that uses known amounts; with the value \`broken\` it brings a pod that can't start and one that runs out of memory. */
export const BURNER: ChartFiles = {
  'Chart.yaml': 'apiVersion: v2\nname: burner\nversion: 0.1.0\n',
  'values.yaml': 'broken: false\n',
  'templates/burn.yaml': deployment(
    'burn',
    [
      container('burn', 'mariadb:10.11', {
        ...bash(`head -c ${BURNS.memory} /dev/zero >/ram/full; while :; do :; done`, {
          cpu: `${BURNS.cores * 1000}m`,
          memory: '128Mi',
        }),
        volumeMounts: [{ name: 'ram', mountPath: '/ram' }],
      }),
    ],
    [{ name: 'ram', emptyDir: { medium: 'Memory' } }],
  ),
  'templates/web.yaml': padded(
    deployment('web', [
      container('web', 'http-echo:1.0.0', {
        args: [`-text=${METRICS}`],
        ports: [{ containerPort: 5678 }],
        resources: { limits: { cpu: '200m', memory: '64Mi' } },
      }),
    ]),
  ),
  'templates/service.yaml':
    'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector:\n    app: web\n  ports:\n    - port: 5678\n',
  'templates/fetch.yaml': deployment('fetch', [
    container('fetch', 'mariadb:10.11', bash(FETCH, { cpu: '200m', memory: '64Mi' })),
  ]),
  'templates/broken.yaml': `{{- if .Values.broken }}\n${deployment('missing', [
    container('missing', 'not-there:1', {}),
  ])}---\n${deployment('greedy', [
    // Long enough alive to be seen well before it ends.
    container('greedy', 'mariadb:10.11', bash('sleep 75; tail /dev/zero', { cpu: '200m', memory: '48Mi' })),
  ])}{{- end }}\n`,
};

/** What the composition says beside its chart. */
export const MONITOR: Pick<CompositionSpec, 'resmonitor'> = {
  resmonitor: {
    spec: {
      monitorRelationships: 'all',
      appEndpoints: { label: 'app=web', endpoint: ':5678/metrics', metrics: ['hello_requests_total'] },
    },
  },
};
