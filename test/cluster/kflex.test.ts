import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromRunner, REPOSITORY, run, shell, type Ended } from './programs.ts';

const PLANE = 'kflextest';
const NAMESPACE = `${PLANE}-system`;
/** An image with a shell that every local cluster of the tests has. */
const IMAGE = 'localhost/tenantry/mariadb:10.11';
/** Milliseconds; a plane takes 13 s on an idle machine. */
const PATIENCE_MS = 240_000;
const HOOKS = ['configure-networking', 'openshift-crds', 'kflextest-job'];

/** A home of its own: the kubeconfig that `kflex` changes is nobody's. */
const home = mkdtempSync(join(tmpdir(), 'kflex-'));
const kubeconfig = join(home, 'kubeconfig');
const kflex = (line: string): Promise<Ended> =>
  shell(`'${process.execPath}' '${join(home, 'kflex')}' ${line}`, { env: { KUBECONFIG: kubeconfig } });
const hooks = (): Promise<string> => run(`kubectl get cp ${PLANE} -o jsonpath='{.status.hooks}'`);

/** As KubeFlex's samples write Jobs: nothing is said of the rights of pods. It reaches for an address, for at most 3 s. */
const JOB = {
  apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
  kind: 'PostCreateHook',
  metadata: { name: 'kflextest-job', labels: { 'kflextest/flavor': 'job' } },
  spec: {
    defaultVars: [{ name: 'to', value: 'kubernetes.default.svc/443' }],
    templates: [
      {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name: '{{.HookName}}' },
        spec: {
          backoffLimit: 0,
          template: {
            spec: {
              restartPolicy: 'Never',
              containers: [
                { name: 'a', image: IMAGE, command: ['timeout', '3', 'bash', '-c', '</dev/tcp/{{.to}}'] },
              ],
            },
          },
        },
      },
    ],
  },
};
const TO_PLANE = `${PLANE}.${NAMESPACE}.svc/443`;

/** Sets the variables of the plane's hooks, as a person would edit the plane. */
async function setHooks(to: string, policy: 'strict' | 'open'): Promise<void> {
  const postCreateHooks = [
    { hookName: 'configure-networking', vars: { network_policy: policy } },
    { hookName: 'openshift-crds' },
    { hookName: 'kflextest-job', vars: { to } },
  ];
  const patch = JSON.stringify({ spec: { postCreateHooks } });
  await run(`kubectl patch cp ${PLANE} --type merge -p '${patch}'`);
}

/** Waits until the Job's hook says what it should. */
async function hookSays(wanted: RegExp): Promise<void> {
  const end = performance.now() + 90_000;
  for (let said = ''; !wanted.test(said);) {
    said = await run(
      `kubectl get cp ${PLANE} -o jsonpath='{range .status.hooks[?(@.name=="kflextest-job")]}{.ready} {.message}{end}'`,
    );
    if (performance.now() > end) throw new Error(`the hook never said ${wanted.source}, but: ${said}`);
  }
}

beforeAll(async () => {
  await run(`tenantry cluster plane-images --name ${fromRunner('TENANTRY_CLUSTER')}`);
  symlinkSync(join(REPOSITORY, 'dist/tenantry.mjs'), join(home, 'kflex'));
  writeFileSync(kubeconfig, readFileSync(fromRunner('KUBECONFIG')), { mode: 0o600 });
  const shipped = ['configure-networking', 'openshift-crds'].map(
    (one) => `-f examples/kubeflex/hooks/${one}.yaml`,
  );
  await run(`kubectl apply ${shipped.join(' ')}`);
  await run('kubectl apply -f -', { input: JSON.stringify(JOB) });
}, PATIENCE_MS);

afterAll(async () => {
  await shell(`kubectl delete cp ${PLANE} --ignore-not-found --timeout 180s`);
  await shell(`kubectl delete pch ${HOOKS.join(' ')} --ignore-not-found`);
  rmSync(home, { recursive: true });
}, PATIENCE_MS);

describe('kflex', () => {
  it(
    'creates a plane whose hooks stand on the hosting cluster and on the plane itself',
    async () => {
      const flags = HOOKS.map((one) => `-p ${one}`).join(' ');
      const { stdout, code, stderr } = await kflex(
        `create ${PLANE} -b dedicated --wait-for-hooks ${flags} -e network_policy=open -e to=${TO_PLANE}`,
      );

      expect({ stdout, code, stderr: code === 0 ? '' : stderr }).toEqual({
        stdout: `Switched to context "${PLANE}".\n`,
        code: 0,
        stderr: '',
      });
      await hookSays(/^true/);
      expect(await hooks()).toContain('"target":"controlPlane"');
      expect(await run(`kubectl get cp ${PLANE} -o jsonpath='{.metadata.labels}'`)).toContain(
        'kflextest/flavor',
      );
      expect((await kflex('list')).stdout).toMatch(/\nkflextest +True +True +k8s/);
      expect((await kflex('ctx')).stdout).toMatch(/^Switched to context/);
    },
    PATIENCE_MS,
  );
});

describe('configure-networking', () => {
  it(
    'lets packets of a hook’s pods out when it is open, and only to the plane when it is strict',
    async () => {
      await setHooks('kubernetes.default.svc/443', 'open');
      await hookSays(/^true/);

      await setHooks('kubernetes.default.svc./443', 'strict');
      await hookSays(/^false Job kflextest-job failed/);

      await setHooks(TO_PLANE, 'strict');
      await hookSays(/^true/);
    },
    PATIENCE_MS,
  );
});

describe('kflex delete', () => {
  it(
    'takes the plane and its contexts away',
    async () => {
      await kflex(`ctx rename ${PLANE} blue`);

      expect((await kflex(`delete ${PLANE} --no-wait`)).stdout).toBe(
        `Control plane ${PLANE} is being deleted.\nRemoved context "blue".\n`,
      );
    },
    PATIENCE_MS,
  );
});
