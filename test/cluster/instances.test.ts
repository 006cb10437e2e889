import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getJson, run, shell } from './programs.ts';
import { create, forget, NS, offer, register, uploadChart } from './small-charts.ts';

const PROVIDER = 'instances-provider';
const named = (name: string, data: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: ${data}\n`;
const WORD = '{word: "{{ .Values.word }}"}';
/** Kept by `lookup`, as many charts do. */
const PASSWORD = `apiVersion: v1
kind: Secret
metadata: {name: password}
data:
  {{- $old := lookup "v1" "Secret" .Release.Namespace "password" }}
  password: {{ if $old }}{{ $old.data.password }}{{ else }}{{ randAlphaNum 20 | b64enc }}{{ end }}
`;
const FIRST = {
  'values.yaml': 'word: first\n',
  'templates/changed.yaml': named('changed', WORD),
  'templates/same.yaml': named('same', '{a: b}'),
  'templates/removed.yaml': named('removed', '{a: b}'),
  'templates/password.yaml': PASSWORD,
};
const { 'templates/removed.yaml': _removed, ...KEPT } = FIRST;
const SECOND = {
  ...KEPT,
  'values.yaml': 'word: second\n',
  'templates/changed.yaml': named('changed', '{word: "{{ .Values.word }}", more: "2"}'),
  'templates/added.yaml': named('added', '{a: b}'),
};

const field = (what: string, path: string): Promise<string> =>
  run(`kubectl get ${what} -o jsonpath='${path}'`);
const isReady = (name: string, namespace = NS): Promise<string> =>
  run(`kubectl wait upgraded/${name} -n ${namespace} --for=condition=Ready --timeout=60s`);

beforeAll(async () => {
  await register('upgraded', FIRST);
  await run(`kubectl create namespace ${PROVIDER}`);
  await run(
    `kubectl create secret generic instances-values -n ${NS} --from-literal=values.yaml='word: s3cr3t'`,
  );
});

afterAll(async () => {
  await forget('upgraded', 'filled');
  await shell(`kubectl delete namespace ${PROVIDER} --wait=false`);
  await shell(`kubectl delete secret instances-values -n ${NS}`);
});

describe('instances', () => {
  it('get their name’s namespace from the operator’s, and an unmistakable one from elsewhere', async () => {
    await create('upgraded', 'up-a', { word: 'mine' });
    await create('upgraded', 'up-a', {}, { namespace: PROVIDER });
    await Promise.all([isReady('up-a'), isReady('up-a', PROVIDER)]);

    expect(await field(`upgraded/up-a -n ${NS}`, '{.status.namespace}')).toBe('up-a');
    const elsewhere = await field(`upgraded/up-a -n ${PROVIDER}`, '{.status.namespace}');
    expect(elsewhere).toMatch(/^instances-provider-up-a-[0-9a-f]{10}$/);
    expect(await field(`configmap/changed -n ${elsewhere}`, '{.data.word}')).toBe('first');
    expect(await field('configmap/changed -n up-a', '{.data.word}')).toBe('mine');
  });

  it('take values from a Secret, over those of the spec, and show them nowhere', async () => {
    const settings = { valuesFrom: [{ secretName: 'instances-values' }], deletionProtection: true };
    await create('upgraded', 'up-secret', { word: 'open' }, { settings });
    await isReady('up-secret');

    expect(await field('configmap/changed -n up-secret', '{.data.word}')).toBe('s3cr3t');
    expect(await field(`upgraded/up-secret -n ${NS}`, '{.spec} {.status}')).not.toContain('s3cr3t');
  });

  it('say which Secret is missing', async () => {
    await create('upgraded', 'up-none', {}, { settings: { valuesFrom: [{ secretName: 'no-such' }] } });
    await run(
      `kubectl wait upgraded/up-none -n ${NS} --timeout=30s --for=jsonpath='{.status.conditions[?(@.type=="Ready")].reason}'=ValuesSecretInvalid`,
    );

    expect(await field(`upgraded/up-none -n ${NS}`, '{.status.error}')).toMatch(
      /no-such.*does not exist; create it/,
    );
  });

  it('are all upgraded by a change of the composition: only what changed is written, passwords stay', async () => {
    const before = await field('configmap/same -n up-a', '{.metadata.resourceVersion}');
    const password = await field('secret/password -n up-a', '{.data.password}');
    await uploadChart('upgraded', SECOND, '0.2.0');
    await offer({ name: 'upgraded', version: '0.2.0' });
    for (const [name, namespace] of [
      ['up-a', NS],
      ['up-a', PROVIDER],
      ['up-secret', NS],
    ] as const)
      await run(
        `kubectl wait upgraded/${name} -n ${namespace} --for=jsonpath='{.status.version}'=0.2.0 --timeout=60s`,
      );

    expect(await field('configmap/changed -n up-a', '{.data}')).toBe('{"more":"2","word":"mine"}');
    expect(await field('configmap/changed -n up-secret', '{.data.word}')).toBe('s3cr3t');
    expect(await run('kubectl get configmap -n up-a -o name')).toMatch(/configmap\/added\n/);
    expect((await shell('kubectl get configmap removed -n up-a')).stderr).toMatch(/NotFound/);
    expect(await field('configmap/same -n up-a', '{.metadata.resourceVersion}')).toBe(before);
    expect(await field('secret/password -n up-a', '{.data.password}')).toBe(password);
    expect(await run('helm history upgraded-up-a -n up-a')).toMatch(
      /1\s.*superseded[^]*2\s.*deployed\s+upgraded-0\.2\.0/,
    );
    await expect
      .poll(() => run(`kubectl describe upgraded up-a -n ${NS}`), { timeout: 10_000, interval: 500 })
      .toMatch(/Normal +Ready .*Release 2 runs in namespace up-a/);
  });

  it('can’t be deleted while they are protected', async () => {
    const refused = await shell(`kubectl delete upgraded up-secret -n ${NS}`);
    expect(refused.stderr).toContain('tenantry.deletionProtection: is true; set it to false');

    await run(
      `kubectl patch upgraded up-secret -n ${NS} --type merge -p '{"tenantry":{"deletionProtection":false}}'`,
    );
    await run(`kubectl delete upgraded up-secret -n ${NS} --timeout=60s`);
    expect((await shell('kubectl get namespace up-secret')).code).not.toBe(0);
  });
});

describe('a quota', () => {
  it('gives requests and limits to containers that have none, so that two pods fit', async () => {
    const image = await run(
      `kubectl get deployment -n ${NS} -l app.kubernetes.io/component=operator -o jsonpath='{.items[0].spec.template.spec.containers[0].image}'`,
    );
    const quota = {
      'requests.cpu': '100m',
      'requests.memory': '128Mi',
      'limits.cpu': '1',
      'limits.memory': '256Mi',
    };
    const container = `{name: web, image: "${image}", command: [node, -e, "setInterval(() => 0, 1e6)"]}`;
    const template = `{metadata: {labels: {app: web}}, spec: {terminationGracePeriodSeconds: 1, containers: [${container}]}}`;
    const deployment = `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {app: web}}, template: ${template}}\n`;
    await register(
      'filled',
      { 'templates/a.yaml': deployment },
      { more: { respolicy: { spec: { policy: { quota } } } } },
    );
    await create('filled', 'filled-a');
    await run(`kubectl wait filled/filled-a -n ${NS} --for=condition=Ready --timeout=60s`);

    const { spec } = await getJson<{
      spec: { template: { spec: { containers: [{ resources: Record<string, Record<string, string>> }] } } };
    }>('deployment web -n filled-a');
    const { requests, limits } = spec.template.spec.containers[0].resources;
    expect(Object.keys(requests ?? {}).sort()).toEqual(['cpu', 'memory']);
    expect(Object.keys(limits ?? {}).sort()).toEqual(['cpu', 'memory']);
    // A rolling update needs room for one pod more.
    await run('kubectl rollout restart deployment web -n filled-a');
    await run('kubectl rollout status deployment web -n filled-a --timeout=60s');
  });
});

describe('`kubectl upload chart`', () => {
  it('takes an archive and a kubeconfig, and puts it where compositions find it', async () => {
    const folder = (await run('mktemp -d')).trim();
    await run(
      `mkdir -p ${folder}/plug/templates && printf 'apiVersion: v2\\nname: plug\\nversion: 1.0.0\\n' > ${folder}/plug/Chart.yaml`,
    );
    await run(`helm package ${folder}/plug -d ${folder}`);

    const kubeconfig = '"$KUBECONFIG"';
    expect(await run(`kubectl upload chart ${folder}/plug-1.0.0.tgz ${kubeconfig}`)).toContain(
      `plug-1.0.0.tgz (1 KiB) is in namespace ${NS}.`,
    );
    await run(
      `printf 'description: other\\n' >> ${folder}/plug/Chart.yaml && helm package ${folder}/plug -d ${folder}`,
    );
    expect(await run(`kubectl upload chart ${folder}/plug-1.0.0.tgz`)).toMatch(/replaces another archive/);
    await run(`rm -r ${folder}`);
  });
});
