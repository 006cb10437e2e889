import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getJson, run, shell } from './programs.ts';
import { forget, NS, register } from './small-charts.ts';

const FROM = 'adopt-from';
const ADOPT = `tenantry adopt legacy ${FROM} --name adopted`;
const chartOf = (image: string): Record<string, string> => ({
  'values.yaml': 'word: default\nreplicas: 1\n',
  'templates/password.yaml':
    'apiVersion: v1\nkind: Secret\nmetadata: {name: password}\ndata: {password: {{ randAlphaNum 20 | b64enc }}}\n',
  'templates/web.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}-web"}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - {name: web, image: "${image}", command: [node, -e, "setInterval(() => 0, 1e6)"], env: [{name: WORD, value: "{{ .Values.word }}"}]}
`,
});

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly uid: string; readonly deletionTimestamp?: string };
  }[];
}

const podUids = async (): Promise<readonly string[]> =>
  (await getJson<PodList>(`pods -n ${FROM}`)).items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.uid)
    .sort();
const password = (): Promise<string> =>
  run(`kubectl get secret password -n ${FROM} -o jsonpath='{.data.password}'`);
const rolledOut = (): Promise<string> => run(`kubectl rollout status deployment -n ${FROM} --timeout=60s`);

let folder: string;

/** Installs the chart as somebody who does not know of us does. */
beforeAll(async () => {
  const image = await run(
    `kubectl get deployment -n ${NS} -l app.kubernetes.io/component=operator -o jsonpath='{.items[0].spec.template.spec.containers[0].image}'`,
  );
  const chart = chartOf(image);
  folder = await mkdtemp(join(tmpdir(), 'tenantry-adopt-'));
  await mkdir(join(folder, 'templates'));
  await writeFile(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: legacy\nversion: 0.1.0\n');
  for (const [path, text] of Object.entries(chart)) await writeFile(join(folder, path), text);
  await run(`helm install old ${folder} -n ${FROM} --create-namespace --set word=mine`);
  await register('legacy', chart);
  await rolledOut();
});

afterAll(async () => {
  await forget('legacy');
  await shell(`kubectl delete namespace ${FROM} --wait=false --ignore-not-found`);
  await shell('kubectl delete clusterrolebinding adopt-carl --ignore-not-found');
  await rm(folder, { recursive: true });
});

describe('a release of a stock helm', () => {
  it('is handed over by nobody who only administers its namespace', async () => {
    await run(`kubectl create clusterrolebinding adopt-carl --clusterrole=admin --user=carl`);
    const label = `kubectl label namespace ${FROM} tenantry.dev/instance-uid=x --dry-run=server --as=carl`;
    // The role admin does not even write namespaces: so it is given that, and the policy is what holds.
    await run(
      `kubectl create role patcher -n ${FROM} --verb=get,patch --resource=namespaces && kubectl create rolebinding patcher -n ${FROM} --role=patcher --user=carl`,
    );

    expect((await shell(label)).stderr).toMatch(/verb adopt on namespaces/);
  });

  it('is shown before anything is done, and nothing is', async () => {
    const shown = await run(`${ADOPT} --dry-run`);

    expect(shown).toContain(
      'Chart and values are what the service has: everything is taken as it runs.\nNo pod restarts.',
    );
    expect(shown).toContain('Secret password: as it is');
    expect(shown).toContain('NetworkPolicy restrict-cross-ns-traffic: new');
    expect((await shell(`kubectl get legacy adopted -n ${NS}`)).code).not.toBe(0);
  });

  it('becomes an instance without restarting a pod or making up a password', async () => {
    const before = { pods: await podUids(), password: await password() };

    await run(ADOPT);

    expect({ pods: await podUids(), password: await password() }).toEqual(before);
    expect(await run(`helm history old -n ${FROM}`)).toMatch(/^1 .*superseded[\s\S]*^2 .*deployed/m);
    expect(await run(`kubectl get legacy adopted -n ${NS} -o jsonpath='{.spec.word}'`)).toBe('mine');
  });

  it('follows its instance from then on', async () => {
    const before = await podUids();
    await run(`kubectl patch legacy adopted -n ${NS} --type merge -p '{"spec":{"word":"other"}}'`);
    await run(`kubectl wait legacy/adopted -n ${NS} --for=jsonpath='{.status.release}'=3 --timeout=60s`);
    await rolledOut();

    expect(await podUids()).not.toEqual(before);
    expect(await run(`kubectl get deployment old-web -n ${FROM} -o jsonpath='{..env[0].value}'`)).toBe(
      'other',
    );
  });

  it('is given back, and its pods run on', async () => {
    await run(`kubectl wait pod -n ${FROM} -l app=web --for=condition=Ready --timeout=60s`);
    const before = await podUids();

    await run(`${ADOPT} --undo`);

    expect(await podUids()).toEqual(before);
    expect((await shell(`kubectl get legacy adopted -n ${NS}`)).code).not.toBe(0);
    expect(await run(`kubectl get rolebindings -n ${FROM} -o name`)).toBe(
      'rolebinding.rbac.authorization.k8s.io/patcher\n',
    );
  });
});
