import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromRunner, run, shell } from './programs.ts';
import { create, forget, NS, reason, register } from './small-charts.ts';

/** Values that stand nowhere else, by the place they are planted in. */
const PLANTED: Record<string, string> = {
  'a Secret of values': 'planted-licence-5eVsR',
  'a password in the spec': 'planted-password-8kQwZ',
  'a token of the provider': 'planted-token-3xYbN',
};

/** A chart that keeps secrets, makes one up, and has every way to say one. */
const CHART = {
  'values.yaml': 'fail: ""\nhook: ""\nimage: none\nauth: {password: "", apiToken: ""}\nlicence: ""\n',
  'values.schema.json': JSON.stringify({
    type: 'object',
    properties: { licence: { type: 'string', pattern: '^(planted-.*)?$' } },
  }),
  'templates/secret.yaml': `{{ $old := lookup "v1" "Secret" .Release.Namespace "kept" }}
apiVersion: v1
kind: Secret
metadata: {name: kept}
stringData:
  licence: {{ .Values.licence | quote }}
  password: {{ .Values.auth.password | quote }}
  token: {{ .Values.auth.apiToken | quote }}
  made: {{ if $old }}{{ $old.data.made | b64dec | quote }}{{ else }}made-up-{{ randAlphaNum 24 }}{{ end }}
---
apiVersion: v1
kind: Secret
metadata: {name: pull}
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: {{ dict "auths" (dict "registry.example" (dict "password" .Values.auth.password)) | toJson | quote }}
`,
  'templates/fail.yaml': `{{ if .Values.fail }}{{ fail (printf "%s %s %s" .Values.licence .Values.auth.password .Values.auth.apiToken) }}{{ end }}
`,
  'templates/hook.yaml': `{{ if .Values.hook }}
apiVersion: batch/v1
kind: Job
metadata: {name: prepare, annotations: {helm.sh/hook: pre-upgrade}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: prepare
          image: {{ .Values.image }}
          terminationMessagePolicy: FallbackToLogsOnError
          envFrom: [{secretRef: {name: kept}}]
          command: [node, -e, 'const {licence, password, token, made} = process.env; console.log(licence, password, token, made); process.exit(4)']
{{ end }}
`,
  'templates/NOTES.txt': 'Log in with {{ .Values.licence }} and {{ .Values.auth.password }}.',
};

/** The token that the operator itself shows the API server. */
const TOKEN = 'require("fs").readFileSync("/var/run/secrets/kubernetes.io/serviceaccount/token", "utf8")';

const about: string[] = [];
/** Everything that a whole run said, by where it was said. */
const outputs: [string, string][] = [];
const note = async (what: string, line: string): Promise<void> => {
  const { stdout, stderr } = await shell(line);
  outputs.push([what, `${stdout}${stderr}`]);
};
const patch = (spec: object): Promise<string> =>
  run(`kubectl patch planted planted-a -n ${NS} --type merge -p "$(cat)"`, {
    input: JSON.stringify({ spec }),
  });
const setLicence = (licence: string): Promise<string> =>
  run('kubectl apply -f -', {
    input: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'planted-values', namespace: NS },
      stringData: { 'values.yaml': JSON.stringify({ licence }) },
    }),
  });

const operatorPods = async (): Promise<readonly string[]> =>
  (await run(`kubectl get pods -n ${NS} -l app.kubernetes.io/component=operator -o name`)).trim().split('\n');

/** What says something else later on. */
async function glance(when: string): Promise<void> {
  await Promise.all([
    note(`status, ${when}`, `kubectl get planted -A -o jsonpath='{range .items[*]}{.status}{end}'`),
    note(`arguments of processes, ${when}`, "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"),
    note(`tenantry status, ${when}`, 'tenantry status'),
  ]);
}

/** Everything else: logs and events only grow. */
async function listen(when: string): Promise<void> {
  const ofPods = (await operatorPods()).flatMap((pod) => [
    note(`log of ${pod}, ${when}`, `kubectl logs -n ${NS} ${pod} --tail=-1`),
    note(
      `metrics of ${pod}, ${when}`,
      `kubectl get --raw /api/v1/namespaces/${NS}/pods/${pod.replace('pod/', '')}:8080/proxy/metrics`,
    ),
  ]);
  await Promise.all([
    ...ofPods,
    glance(when),
    note(`events, ${when}`, 'kubectl get events -A -o json'),
    note(
      `compositions, ${when}`,
      `kubectl get resourcecompositions -A -o jsonpath='{range .items[*]}{.status}{end}'`,
    ),
    note(`objects, ${when}`, 'kubectl get namespaces,crds,configmaps -A -o json'),
    note(`tenantry doctor, ${when}`, 'tenantry doctor'),
    note(
      `logs of the cluster, ${when}`,
      `cat "$(dirname "$KUBECONFIG")"/log/*.log; tenantry cluster status --name ${fromRunner('TENANTRY_CLUSTER')}`,
    ),
  ]);
}

beforeAll(async () => {
  const image = await run(
    `kubectl get deployment -n ${NS} -l app.kubernetes.io/component=operator -o jsonpath='{.items[0].spec.template.spec.containers[0].image}'`,
  );
  await register('planted', CHART, {
    providerValues: { auth: { apiToken: PLANTED['a token of the provider'] }, image },
  });
  await setLicence(PLANTED['a Secret of values'] ?? '');
  const spec = { auth: { password: PLANTED['a password in the spec'] } };
  await create('planted', 'planted-a', spec, {
    settings: { valuesFrom: [{ secretName: 'planted-values' }] },
  });
  await run(`kubectl wait planted/planted-a -n ${NS} --for=condition=Ready --timeout=120s`);
  const made = await run("kubectl get secret kept -n planted-a -o jsonpath='{.data.made}' | base64 -d");
  PLANTED['a password that the chart made up'] = made;
  for (const pod of await operatorPods())
    PLANTED[`the token of ${pod}`] = (await run(`kubectl exec -n ${NS} ${pod} -- node -p '${TOKEN}'`)).trim();
  about.push('install');
  await glance('after the installation');

  await patch({ fail: 'yes' });
  await reason('planted/planted-a', 'TemplateFailed', 120);
  about.push('template');
  await glance('after a template that says secrets');

  await setLicence(`x${PLANTED['a Secret of values']}`);
  await patch({ fail: '' });
  await reason('planted/planted-a', 'ValuesInvalid', 120);
  about.push('schema');
  await glance('after a schema that refuses a secret');

  await setLicence(PLANTED['a Secret of values'] ?? '');
  await patch({ hook: 'yes' });
  await reason('planted/planted-a', 'HookFailed', 180);
  about.push('hook');
  await listen('after a hook that says secrets');
});
afterAll(async () => {
  await forget('planted');
  await shell(`kubectl delete secret planted-values -n ${NS}`);
});

describe('planted secrets', () => {
  it('are in no output of the whole run', async () => {
    await forget('planted');
    await listen('after everything was deleted');
    const found = outputs.flatMap(([where, text]) =>
      Object.entries(PLANTED)
        .filter(
          ([, secret]) => text.includes(secret) || text.includes(Buffer.from(secret).toString('base64')),
        )
        .map(([what]) => `${what}: ${where}`),
    );

    expect(about).toEqual(['install', 'template', 'schema', 'hook']);
    expect(Object.values(PLANTED).every((secret) => secret.length > 10)).toBe(true);
    expect(found).toEqual([]);
  });

  it('were looked for where they were said: an output that is empty proves nothing', () => {
    const silent = outputs.filter(([where, text]) => text.trim() === '' && !where.includes('deleted'));

    expect(silent.map(([where]) => where)).toEqual([]);
    expect(outputs.some(([, text]) => text.includes('[redacted]'))).toBe(true);
  });
});
