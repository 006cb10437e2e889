import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSnapshot } from '../../src/planes/store/snapshot-file.ts';
import { eventually } from '../doubles/eventually.ts';
import { fromRunner, run, shell } from './programs.ts';

const NAME = 'sealed';
const START_MS = 120_000;
/** Each step replaces the API server. */
const PATIENCE_MS = 120_000;
const LONG_MS = 300_000;
const PLANTED = 'planted-value-of-a-tenant';

const folder = mkdtempSync(join(tmpdir(), 'tenantry-sealed-'));
const kubeconfig = join(folder, 'plane.json');
const inside = (line: string) => shell(line, { env: { KUBECONFIG: kubeconfig } });

async function must(ended: ReturnType<typeof shell>): Promise<string> {
  const { code, stdout, stderr } = await ended;
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

interface Kubeconfig {
  clusters: { cluster: { server: string } }[];
}

async function fetchKubeconfig(): Promise<void> {
  const text = await run(
    `kubectl get secret admin-kubeconfig -n ${NAME}-system -o jsonpath='{.data.kubeconfig}'`,
  );
  // True by the Secret's form.
  const config = JSON.parse(Buffer.from(text, 'base64').toString()) as Kubeconfig;
  const { cluster } = config.clusters[0] ?? { cluster: { server: '' } };
  const target = cluster.server.replace('https://', '');
  const port = await run(
    `tenantry cluster forward --keep ${target} --name ${fromRunner('TENANTRY_CLUSTER')}`,
  );
  cluster.server = port.trim().replace('http:', 'https:');
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
}

/** The bytes that the etcd has of each Secret, as text. */
async function storedSecrets(): Promise<ReadonlyMap<string, string>> {
  const file = join(folder, 'store.snapshot');
  await must(shell(`tenantry controlplane snapshot ${NAME} --out ${file}`));
  const { objects } = await readSnapshot(createReadStream(file));
  return new Map(
    objects
      .filter(({ key }) => key.startsWith('/registry/secrets/'))
      .map(({ key, value }) => [key, value.toString('latin1')]),
  );
}

const patch = (spec: object): Promise<string> =>
  must(shell(`kubectl patch controlplane ${NAME} --type merge -p '${JSON.stringify({ spec })}'`));
const condition = (reason: string): Promise<string> =>
  run(
    `kubectl wait controlplane/${NAME} --for=jsonpath='{.status.conditions[?(@.type=="SecretsEncrypted")].reason}'=${reason} --timeout=${PATIENCE_MS / 1000}s`,
  );
/** Until the operator has seen the change, the reason is the one before. */
const encrypted = async (keyName: string): Promise<void> => {
  await eventually(
    `Secrets are encrypted with ${keyName}`,
    async () => {
      const { stdout } = await shell(
        `kubectl get controlplane ${NAME} -o jsonpath='{.status.conditions[?(@.type=="SecretsEncrypted")].message}'`,
      );
      return stdout.startsWith(`All Secrets are encrypted with key secretbox:${keyName}-`);
    },
    PATIENCE_MS,
  );
};
const readBack = async (): Promise<string> =>
  Buffer.from(
    await must(inside("kubectl get secret planted -n default -o jsonpath='{.data.password}'")),
    'base64',
  ).toString();

beforeAll(async () => {
  await run(`tenantry cluster plane-images --name ${fromRunner('TENANTRY_CLUSTER')}`);
  const plane = {
    apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
    kind: 'ControlPlane',
    metadata: { name: NAME },
    spec: { type: 'k8s', backend: 'dedicated', audit: { level: 'RequestResponse' } },
  };
  await must(shell('kubectl apply -f -', { input: JSON.stringify(plane) }));
  await run(`kubectl wait controlplane/${NAME} --for=condition=Ready --timeout=${START_MS / 1000}s`);
  await fetchKubeconfig();
  await must(inside(`kubectl create secret generic planted -n default --from-literal=password=${PLANTED}`));
}, 2 * START_MS);

afterAll(async () => {
  await shell(`kubectl delete controlplane ${NAME} --ignore-not-found --timeout=90s`);
  rmSync(folder, { recursive: true });
});

describe('the audit log of a plane', () => {
  it('has who asked for what, and what was answered, but nothing of what is in a Secret', async () => {
    await must(inside('kubectl create role seen --verb=get --resource=pods -n default'));
    await must(inside('kubectl get secret planted -n default -o json'));

    let log = '';
    await eventually(
      'both requests are in it',
      async () => {
        log = await run(`kubectl logs -n ${NAME}-system deployment/kube-apiserver -c kube-apiserver`);
        return /"verb":"create".*"name":"seen"/.test(log) && /"verb":"get".*"name":"planted"/.test(log);
      },
      PATIENCE_MS,
    );
    const lines = log.split('\n').filter((line) => line.includes('audit.k8s.io'));
    const ofRole = lines.find((line) => /"verb":"create".*"name":"seen"/.test(line)) ?? '';

    expect(ofRole).toContain('"username":"kubernetes-admin"');
    expect(ofRole).toContain('"responseObject":{"kind":"Role"');
    expect(lines.some((line) => /"verb":"create".*"name":"planted"/.test(line))).toBe(true);
    expect(log).not.toContain(PLANTED);
    expect(log).not.toContain(Buffer.from(PLANTED).toString('base64'));
  });
});

describe('Secrets of a plane', () => {
  it(
    'are as they are in the store, until somebody asks; then those that were there are encrypted, too',
    async () => {
      expect((await storedSecrets()).get('/registry/secrets/default/planted')).toContain(PLANTED);

      await patch({ encryption: {} });
      await encrypted('first');

      const stored = await storedSecrets();
      expect(stored.size).toBeGreaterThan(0);
      for (const text of stored.values()) expect(text).toMatch(/^k8s:enc:secretbox:v1:first-/);
      expect([...stored.values()].join('\n')).not.toContain(PLANTED);
      expect(await readBack()).toBe(PLANTED);
    },
    LONG_MS,
  );

  it(
    'are written anew with another key, and a snapshot that needs the old one is refused',
    async () => {
      const old = join(folder, 'old.snapshot');
      await must(shell(`tenantry controlplane snapshot ${NAME} --out ${old}`));

      await patch({ encryption: { keyName: 'second' } });
      await encrypted('second');

      for (const text of (await storedSecrets()).values())
        expect(text).toMatch(/^k8s:enc:secretbox:v1:second-/);
      expect(await readBack()).toBe(PLANTED);
      const { code, stderr } = await shell(`tenantry controlplane restore ${NAME} --from ${old}`);
      expect([code, stderr]).toEqual([1, expect.stringContaining('a key that sealed does not have')]);
    },
    LONG_MS,
  );

  it(
    'are as they are again when it is turned off',
    async () => {
      await patch({ encryption: null });
      await condition('Off');

      expect((await storedSecrets()).get('/registry/secrets/default/planted')).toContain(PLANTED);
      expect(await readBack()).toBe(PLANTED);
    },
    LONG_MS,
  );
});
