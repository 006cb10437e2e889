import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getJson, run, shell } from './programs.ts';
import { forget, NS, register } from './small-charts.ts';

const FROM = 'adopt-from';
const ADOPT = `tenantry adopt legacy ${FROM} --name adopted`;
/** Name and namespace of an instance of KubePlus's. */
const INSTANCE = 'kp-one';
const KIND = 'kplegacys.platformapi.kubeplus';
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

const podUids = async (namespace = FROM): Promise<readonly string[]> =>
  (await getJson<PodList>(`pods -n ${namespace}`)).items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.uid)
    .sort();
const password = (namespace = FROM): Promise<string> =>
  run(`kubectl get secret password -n ${namespace} -o jsonpath='{.data.password}'`);
const rolledOut = (namespace = FROM): Promise<string> =>
  run(`kubectl rollout status deployment -n ${namespace} --timeout=60s`);

let folder: string;

/** A chart on disk, and registered as a service by the same bytes. */
async function chartFor(name: string): Promise<string> {
  const image = await run(
    `kubectl get deployment -n ${NS} -l app.kubernetes.io/component=operator -o jsonpath='{.items[0].spec.template.spec.containers[0].image}'`,
  );
  const chart = chartOf(image);
  const home = join(folder, name);
  await mkdir(join(home, 'templates'), { recursive: true });
  await writeFile(join(home, 'Chart.yaml'), `apiVersion: v2\nname: ${name}\nversion: 0.1.0\n`);
  for (const [path, text] of Object.entries(chart)) await writeFile(join(home, path), text);
  await register(name, chart);
  return home;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-adopt-'));
  await run(`helm install old ${await chartFor('legacy')} -n ${FROM} --create-namespace --set word=mine`);
  await rolledOut();
});

afterAll(async () => {
  await forget('legacy', 'kplegacy');
  await shell(`kubectl delete namespace ${FROM} --wait=false --ignore-not-found`);
  await shell(`kubectl delete namespace ${INSTANCE} --wait=false --ignore-not-found`);
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
    const before = await podUids();

    await run(`${ADOPT} --undo`);

    expect(await podUids()).toEqual(before);
    expect((await shell(`kubectl get legacy adopted -n ${NS}`)).code).not.toBe(0);
    expect(await run(`kubectl get rolebindings -n ${FROM} -o name`)).toBe(
      'rolebinding.rbac.authorization.k8s.io/patcher\n',
    );
  });
});

/** What an uninstalled KubePlus leaves: its kind, an instance of it, and the namespace with policies and release. */
async function leftByKubePlus(): Promise<void> {
  const home = await chartFor('kplegacy');
  const crd = await getJson<{ metadata: object; spec: { versions: readonly object[] } }>(`crd ${KIND}`);
  const spec = { type: 'object', properties: { word: { type: 'string' }, replicas: { type: 'integer' } } };
  const status = {
    type: 'object',
    properties: { helmrelease: { type: 'string' }, error: { type: 'string' } },
  };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec, status } } };
  const versions = [{ name: 'v1alpha1', served: true, storage: true, schema }];
  const metadata = { name: KIND, labels: { 'registered-by': 'kubeplus' }, resourceVersion: '' };
  const replaced = { ...crd, metadata: { ...crd.metadata, ...metadata }, spec: { ...crd.spec, versions } };
  await run('kubectl replace -f -', { input: JSON.stringify(replaced) });
  const left = [
    object('platformapi.kubeplus/v1alpha1', 'Kplegacy', {
      metadata: { name: INSTANCE, namespace: NS, labels: { 'created-by': 'kubeplus' } },
      spec: { word: 'mine' },
      status: { helmrelease: `${INSTANCE}:kplegacy-${INSTANCE}\n` },
    }),
    object('v1', 'Namespace', {
      metadata: {
        name: INSTANCE,
        labels: { managedby: 'kubeplus' },
        annotations: { 'meta.helm.sh/release-name': `"kplegacy-${INSTANCE}"` },
      },
    }),
    object('networking.k8s.io/v1', 'NetworkPolicy', {
      metadata: { name: 'restrict-cross-ns-traffic', namespace: INSTANCE },
      spec: { podSelector: { matchLabels: {} }, ingress: [{ from: [{ podSelector: {} }] }] },
    }),
    object('networking.k8s.io/v1', 'NetworkPolicy', {
      metadata: { name: 'allow-external-traffic', namespace: INSTANCE },
      spec: { podSelector: { matchLabels: { partof: `kplegacy-${INSTANCE}` } }, ingress: [{}] },
    }),
  ];
  for (const one of left) await run('kubectl create -f -', { input: JSON.stringify(one) });
  await run(`helm install kplegacy-${INSTANCE} ${home} -n ${INSTANCE} --set word=mine`);
  await rolledOut(INSTANCE);
}

const object = (apiVersion: string, kind: string, rest: object): object => ({ apiVersion, kind, ...rest });

describe('what an uninstalled KubePlus leaves', () => {
  it('is taken over as it runs: kinds, instances, releases, policies', async () => {
    await leftByKubePlus();
    const before = { pods: await podUids(INSTANCE), password: await password(INSTANCE) };

    await run(`tenantry adopt --kubeplus -n ${NS}`);

    expect({ pods: await podUids(INSTANCE), password: await password(INSTANCE) }).toEqual(before);
    expect(await run(`kubectl get kplegacy ${INSTANCE} -n ${NS}`)).toMatch(/ True +0\.1\.0 +kp-one /);
    const selectors = await run(
      `kubectl get networkpolicy -n ${INSTANCE} -o jsonpath='{.items[*].spec.podSelector}{.items[*].spec.policyTypes}'`,
    );
    expect(selectors).not.toContain('partof');
    expect(selectors).toContain('Egress');
  });

  it('is not touched while KubePlus runs: nothing has two owners', async () => {
    const running = `kubectl create deployment kubeplus-deployment --image=none --replicas=0 -n ${NS}`;
    await run(running);
    try {
      const { code, stderr } = await shell(`tenantry adopt --kubeplus -n ${NS} --dry-run`);

      expect(code).toBe(1);
      expect(stderr).toMatch(/KubePlus still runs in namespace tenantry-system/);
    } finally {
      await run(`kubectl delete deployment kubeplus-deployment -n ${NS}`);
    }
  });
});
