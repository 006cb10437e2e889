import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../doubles/eventually.ts';
import { fromRunner, run, shell } from './programs.ts';

const NS = 'tenantry-system';
const STORE = 'tenantry-system-planes';
/** The third one takes the PostgreSQL of the second for somebody else's. */
const PLANES = { 'test-own': 'dedicated', 'test-a': 'shared', 'test-b': 'external' } as const;
const SERVER = 'test-server';
type Name = keyof typeof PLANES;
const NAMES = Object.keys(PLANES) as readonly Name[]; // true: Object.keys of exactly these
const START_MS = 120_000;
/** For what pods do. */
const PATIENCE_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), 'tenantry-planes-'));
const path = (name: Name): string => join(folder, `${name}.json`);

const manifest = (name: string, spec: object): string =>
  JSON.stringify({
    apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
    kind: 'ControlPlane',
    metadata: { name },
    spec,
  });
const apply = (name: string, spec: object) => shell('kubectl apply -f -', { input: manifest(name, spec) });
const inside = (name: Name, line: string, input?: string) =>
  shell(line, { env: { KUBECONFIG: path(name) }, ...(input === undefined ? {} : { input }) });

async function must(ended: ReturnType<typeof shell>): Promise<string> {
  const { code, stdout, stderr } = await ended;
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

const secret = async (namespace: string, name: string, key: string): Promise<string> => {
  const jsonPath = `{.data.${key.replaceAll('.', '\\.')}}`;
  const text = await run(`kubectl get secret ${name} -n ${namespace} -o jsonpath='${jsonPath}'`);
  return Buffer.from(text, 'base64').toString();
};

interface Kubeconfig {
  clusters: { cluster: { server: string } }[];
}

/** The plane's own kubeconfig; only the node's address is reached through a port of this machine. */
async function fetchKubeconfig(name: Name): Promise<void> {
  // True by the Secret's form.
  const config = JSON.parse(await secret(`${name}-system`, 'admin-kubeconfig', 'kubeconfig')) as Kubeconfig;
  const { cluster } = config.clusters[0] ?? { cluster: { server: '' } };
  const target = cluster.server.replace('https://', '');
  const port = await run(
    `tenantry cluster forward --keep ${target} --name ${fromRunner('TENANTRY_CLUSTER')}`,
  );
  cluster.server = port.trim().replace('http:', 'https:');
  writeFileSync(path(name), JSON.stringify(config), { mode: 0o600 });
}

/** What leads to the shared PostgreSQL, as a Secret for planes of backend external; once there is one. */
async function serverSecret(): Promise<string> {
  const there = async (): Promise<boolean> =>
    (await shell(`kubectl get secret postgres-server -n ${STORE}`)).code === 0;
  await eventually('the shared PostgreSQL has its keys', there, PATIENCE_MS);
  const [password, ca] = await Promise.all(
    ['password', 'ca.crt'].map((key) => secret(STORE, 'postgres-server', key)),
  );
  const object = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: SERVER, namespace: NS, labels: { 'tenantry.dev/backend': 'true' } },
    stringData: { host: `postgres.${STORE}.svc`, user: 'postgres', password, 'ca.crt': ca },
  };
  await must(shell('kubectl apply -f -', { input: JSON.stringify(object) }));
  return SERVER;
}

beforeAll(async () => {
  await run(`tenantry cluster plane-images --name ${fromRunner('TENANTRY_CLUSTER')}`);
  const ready = await Promise.all(
    NAMES.map(async (name) => {
      const more = name === 'test-b' ? { backendSecretRef: { name: await serverSecret() } } : {};
      const begin = performance.now();
      await must(apply(name, { type: 'k8s', backend: PLANES[name], ...more }));
      await run(`kubectl wait controlplane/${name} --for=condition=Ready --timeout=${START_MS / 1000}s`);
      return `${name} (${PLANES[name]}) ${((performance.now() - begin) / 1000).toFixed(1)} s`;
    }),
  );
  process.stdout.write(`create → Ready, three at once: ${ready.join(', ')}\n`);
  for (const name of NAMES) await fetchKubeconfig(name);
}, 2 * START_MS);

afterAll(async () => {
  await shell(`kubectl delete controlplane ${NAMES.join(' ')} --ignore-not-found --timeout=90s`);
  await shell(`kubectl delete secret ${SERVER} -n ${NS} --ignore-not-found`);
  rmSync(folder, { recursive: true });
});

// The third one is there to be attacked.
describe.each<Name>(['test-own', 'test-a'])('inside %s', (name) => {
  it('is a Kubernetes of its own: kinds, rights, quotas, ends of namespaces', async () => {
    await must(inside(name, 'kubectl create namespace work'));
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { kind: 'Thing', plural: 'things' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    };
    await must(inside(name, 'kubectl apply -f -', JSON.stringify(crd)));
    await must(inside(name, 'kubectl wait crd/things.example.com --for=condition=Established --timeout=30s'));
    const thing = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 't', namespace: 'work' } };
    await must(inside(name, 'kubectl apply -f -', JSON.stringify(thing)));
    expect((await shell('kubectl get crd things.example.com')).code).toBe(1);

    await must(inside(name, 'kubectl create serviceaccount robot -n work'));
    await must(inside(name, 'kubectl create role robot --verb=get --resource=configmaps -n work'));
    await must(
      inside(name, 'kubectl create rolebinding robot --role=robot --serviceaccount=work:robot -n work'),
    );
    const may = (verb: string) =>
      inside(name, `kubectl auth can-i ${verb} configmaps -n work --as=system:serviceaccount:work:robot`);
    await eventually('the robot may read', async () => (await may('get')).code === 0, PATIENCE_MS);
    expect((await may('create')).code).toBe(1);

    await must(inside(name, 'kubectl create quota few --hard=count/secrets=1 -n work'));
    await must(
      inside(
        name,
        "kubectl wait quota/few -n work --for=jsonpath='{.status.hard.count/secrets}'=1 --timeout=30s",
      ),
    );
    await must(inside(name, 'kubectl create secret generic one -n work'));
    expect((await inside(name, 'kubectl create secret generic two -n work')).stderr).toContain(
      'exceeded quota',
    );

    await must(inside(name, 'kubectl delete namespace work --timeout=60s'));
  });

  it('shows a certificate that strict clients verify', async () => {
    // True by the form of kubeconfigs.
    const config = JSON.parse(await must(shell(`cat ${path(name)}`))) as Kubeconfig;
    const address = config.clusters[0]?.cluster.server.replace('https://', '') ?? '';
    const ca = join(folder, `${name}-ca.crt`);
    writeFileSync(ca, await secret(`${name}-system`, 'k8s-certs', 'ca.crt'));
    const host = `${name}.${name}-system.svc`;
    const { code, stdout } = await shell(
      `openssl s_client -connect ${address} -servername ${host} -verify_hostname ${host} -CAfile ${ca} -x509_strict -verify_return_error </dev/null`,
    );

    expect(stdout).toContain('Verify return code: 0 (ok)');
    expect(code).toBe(0);
  });
});

describe('what belongs to one tenant', () => {
  const asked = async (where: string, how: string): Promise<string> => {
    const { code, stdout, stderr } = await shell(`${where} kubectl ${how} get namespaces`);
    return `${code} ${stdout}${stderr}`;
  };
  const REFUSED =
    /^1 .*(Unauthorized|must be logged in|the server has asked for the client to provide credentials)/s;

  it('is refused elsewhere: a certificate and a token, by another plane and by the hosting cluster', async () => {
    const config = JSON.parse(await must(shell(`cat ${path('test-a')}`))) as {
      users: { user: Record<string, string> }[];
    };
    const [own] = config.users;
    for (const key of ['client-certificate-data', 'client-key-data'])
      writeFileSync(join(folder, key), Buffer.from(own?.user[key] ?? '', 'base64'), { mode: 0o600 });
    const token = await must(inside('test-a', 'kubectl create token default -n default'));
    const bare = async (kubeconfig: string): Promise<string> => {
      const file = join(folder, 'bare.json');
      const text = JSON.parse(
        await must(shell(`kubectl config view --raw --minify -o json`, { env: { KUBECONFIG: kubeconfig } })),
      ) as {
        users: { user: object }[];
      };
      for (const one of text.users) one.user = {};
      writeFileSync(file, JSON.stringify(text));
      return `KUBECONFIG=${file}`;
    };
    const certificate = `--client-certificate=${join(folder, 'client-certificate-data')} --client-key=${join(folder, 'client-key-data')}`;

    for (const kubeconfig of [path('test-b'), path('test-own'), process.env['KUBECONFIG'] ?? '']) {
      const where = await bare(kubeconfig);
      expect(await asked(where, certificate)).toMatch(REFUSED);
      expect(await asked(where, `--token=${token}`)).toMatch(REFUSED);
    }
    // The same ways lead in at home.
    const home = await bare(path('test-a'));
    expect(await asked(home, certificate)).toMatch(/^0 /);
    expect(await asked(home, `--token=${token}`)).toMatch(/^1 .*forbidden/s);
  });

  it('is a role that reaches its own database alone', async () => {
    const uid = (name: Name): Promise<string> =>
      run(`kubectl get controlplane ${name} -o jsonpath='{.metadata.uid}'`);
    const [a, b] = (await Promise.all([uid('test-a'), uid('test-b')])).map(
      (one) => `plane_${one.replaceAll('-', '')}`,
    );
    const password = await secret('test-a-system', 'datastore', 'password');
    const psql = (role: string, secretText: string, database: string, query: string, mode = 'require') =>
      shell(`kubectl exec -i -n ${STORE} postgres-0 -- sh`, {
        input: `PGPASSWORD='${secretText}' psql "host=127.0.0.1 sslmode=${mode} user=${role} dbname=${database}" -tAc "${query}"\n`,
      });

    const own = await psql(a ?? '', password, a ?? '', 'select count(*) > 0 from kine');
    expect(own.stdout.trim()).toBe('t');
    for (const database of [b ?? '', 'postgres', 'template1'])
      expect((await psql(a ?? '', password, database, 'select 1')).stderr).toContain('no pg_hba.conf entry');
    expect((await psql(a ?? '', password, a ?? '', 'select 1', 'disable')).stderr).toContain('no encryption');
    // Where the server's list of who may come were wider, the database itself refuses.
    const admin = await secret(STORE, 'postgres-server', 'password');
    const rights = await psql(
      'postgres',
      admin,
      'postgres',
      `select has_database_privilege('${a}', '${b}', 'CONNECT'), rolsuper or rolcreatedb or rolcreaterole from pg_roles where rolname = '${a}'`,
    );
    expect(rights.stdout.trim()).toBe('f|f');
  });
});

/** Kills a pod while ConfigMaps are written; answers what of those that were acknowledged is not there afterwards. */
async function lostBy(name: Name, namespace: string, pod: string): Promise<readonly string[]> {
  const script =
    'for n in $(seq 1 25); do kubectl create configmap kept-$n -n default -o name --request-timeout=5s 2>/dev/null; done';
  const list = 'kubectl get configmaps -n default -o name';
  const writing = inside(name, script);
  const some = async (): Promise<boolean> => (await inside(name, list)).stdout.includes('kept-5\n');
  await eventually(`${name} has some`, some, PATIENCE_MS);
  await must(shell(`kubectl delete pod ${pod} -n ${namespace} --grace-period=0 --force`));
  const acknowledged = (await writing).stdout.split('\n').filter((line) => line !== '');
  let there: readonly string[] = [];
  const answers = async (): Promise<boolean> => {
    const { code, stdout } = await inside(name, list);
    there = stdout.split('\n');
    return code === 0;
  };
  await eventually(`${name} answers again`, answers, PATIENCE_MS);
  expect(acknowledged.length).toBeGreaterThan(5);
  return acknowledged.filter((line) => !there.includes(line));
}

describe('a store that is killed while objects are written', () => {
  it('loses nothing that was acknowledged: etcd, PostgreSQL', async () => {
    const lost = await Promise.all([
      lostBy('test-own', 'test-own-system', 'etcd-0'),
      lostBy('test-a', STORE, 'postgres-0'),
    ]);

    expect(lost).toEqual([[], []]);
  });
});

describe('a plane that hibernates', () => {
  it('runs no pod, and has everything again when it wakes', async () => {
    const hibernate = (yes: boolean) =>
      must(shell(`kubectl patch controlplane test-own --type merge -p '{"spec":{"hibernate":${yes}}}'`));
    await must(inside('test-own', 'kubectl create configmap slept -n default'));

    await hibernate(true);
    await run('kubectl wait controlplane/test-own --for=condition=Ready=false --timeout=30s');
    await run('kubectl wait pods --all -n test-own-system --for=delete --timeout=60s');
    await hibernate(false);
    await run('kubectl wait controlplane/test-own --for=condition=Ready --timeout=120s');

    await must(inside('test-own', 'kubectl get configmap slept -n default'));
  });
});

describe('what can’t work', () => {
  it.each<[string, string, RegExp]>([
    ['Kubernetes’ own namespace', 'kube', /kube, kubeflex, tenantry are taken/],
    ['a name with a dot', 'a.b', /names a Service and a host/],
    ['a name that begins with a digit', '1a', /names a Service and a host/],
    ['a name that is too long', 'a'.repeat(57), /at most 56 characters/],
  ])('is refused where it is written: %s', async (_what, name, message) => {
    expect((await apply(name, { type: 'k8s' })).stderr).toMatch(message);
  });

  it('is refused as a change: another type, another store', async () => {
    expect((await apply('test-a', { type: 'host' })).stderr).toContain("type can't be changed");
    const older = '{"spec":{"version":"1.36"}}';
    expect((await shell(`kubectl patch controlplane test-a --type merge -p '${older}'`)).stderr).toContain(
      "can't be below status.version",
    );
    expect((await apply('test-a', { type: 'k8s', backend: 'dedicated' })).stderr).toContain(
      "backend can't be changed",
    );
  });
});

describe('somebody who is not the administrator', () => {
  it('is who the kubeconfig says, for as long as nobody takes it back', async () => {
    const kubeconfig = join(folder, 'jane.json');
    const ask = (line: string) => shell(line, { env: { KUBECONFIG: kubeconfig } });
    // True by the form of kubeconfigs.
    const reached = JSON.parse(await must(shell(`cat ${path('test-a')}`))) as Kubeconfig;
    const text = await run('tenantry controlplane kubeconfig test-a --user jane --group devs --ttl 10m');
    const config = JSON.parse(text) as Kubeconfig;
    for (const { cluster } of config.clusters) cluster.server = reached.clusters[0]?.cluster.server ?? '';
    writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });

    const { stdout } = await ask('kubectl auth whoami -o json');
    expect(JSON.parse(stdout)).toMatchObject({
      status: { userInfo: { username: 'jane', groups: ['devs', 'system:authenticated'] } },
    });
    expect((await ask('kubectl get configmaps -n default')).stderr).toContain('User "jane" cannot list');
    await must(
      inside('test-a', 'kubectl create rolebinding devs --clusterrole=view --group=devs -n default'),
    );
    const may = async (): Promise<boolean> => (await ask('kubectl get configmaps -n default')).code === 0;
    await eventually('her group may read', may, PATIENCE_MS);
    expect((await ask('kubectl get configmaps -n default --as=john')).stderr).toContain('cannot impersonate');

    await run('tenantry controlplane kubeconfig test-a --user jane --revoke');
    const isRefused = async (): Promise<boolean> =>
      /Unauthorized|must be logged in/.test((await ask('kubectl get configmaps -n default')).stderr);
    await eventually('it is refused', isRefused, PATIENCE_MS);
  });

  it('is nobody of Kubernetes’ own', async () => {
    const { code, stderr } = await shell(
      'tenantry controlplane kubeconfig test-a --user jane --group system:masters',
    );
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining("system:masters is a name of Kubernetes' own"),
    ]);
  });
});

describe('a plane with an end', () => {
  it('goes by itself, with its namespace', async () => {
    await must(apply('test-end', { type: 'k8s', backend: 'dedicated', hibernate: true, ttl: '3s' }));
    await run('kubectl wait controlplane/test-end --for=delete --timeout=60s');

    expect((await shell('kubectl get namespace test-end-system')).stderr).toContain('not found');
  });
});

describe('a plane with deletionProtection', () => {
  it('is deleted by nobody while it is protected', async () => {
    const protect = (yes: boolean) =>
      must(
        shell(`kubectl patch controlplane test-a --type merge -p '{"spec":{"deletionProtection":${yes}}}'`),
      );
    await protect(true);

    const { code, stderr } = await shell('kubectl delete controlplane test-a --wait=false');
    expect([code, stderr]).toEqual([1, expect.stringContaining('spec.deletionProtection is true')]);

    await protect(false);
  });
});

describe('a plane that is deleted', () => {
  it('leaves nothing: neither objects nor role and database', async () => {
    const uids = await run(`kubectl get controlplane -o jsonpath='{.items[*].metadata.uid}'`);
    await must(shell(`kubectl delete controlplane ${NAMES.join(' ')} --timeout=90s`));

    const left = await run(`kubectl get namespaces,persistentvolumes -o name`);
    expect(left).not.toMatch(/test-(own|a|b)/);
    const admin = await secret(STORE, 'postgres-server', 'password');
    const { stdout } = await shell(`kubectl exec -i -n ${STORE} postgres-0 -- sh`, {
      input: `PGPASSWORD='${admin}' psql "host=127.0.0.1 sslmode=require user=postgres dbname=postgres" -tAc "select datname from pg_database union select rolname from pg_roles"\n`,
    });
    expect(stdout).toContain('postgres');
    for (const uid of uids.trim().split(' ')) {
      expect(stdout).not.toContain(uid.replaceAll('-', ''));
    }
  });
});
