import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Instance } from '../../src/api/instance.ts';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/http-client.ts';
import { loadAccess } from '../../src/client/load-access.ts';
import { nodeSurroundings } from '../../src/client/surroundings.ts';
import type { Kind } from '../../src/kube/kind.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { getJson, run, shell } from './programs.ts';
import { forget, NS, register } from './small-charts.ts';

const SERVICE = 'tenantsapp';
const KIND: Kind<Instance> = {
  group: 'platformapi.kubeplus',
  version: 'v1alpha1',
  kind: 'Tenantsapp',
  plural: 'tenantsapps',
  namespaced: true,
};
/** Consumers' namespaces: one with room, and one whose quota refuses every instance after admission let it through. */
const ROOM = 'tenants-room';
const NO_ROOM = 'tenants-no-room';
/** Places of the plan that many want at once. */
const OFFERED = 8;
/** Milliseconds for what takes a second or two on an idle machine. */
const PATIENCE_MS = 60_000;

let client: Client;

const apply = (object: object): Promise<string> =>
  run('kubectl apply --server-side --force-conflicts -f -', { input: JSON.stringify(object) });
const tenantry = (kind: 'Tenant' | 'Plan', name: string, spec: object): Promise<string> =>
  apply({ apiVersion: 'tenantry.dev/v1alpha1', kind, metadata: { name, namespace: NS }, spec });
const give = (namespace: string, tenant: string): Promise<string> =>
  run(
    `kubectl label namespace ${namespace} tenantry.dev/tenant=${tenant} tenantry.dev/tenant-namespace=${NS} --overwrite`,
  );

/** Asks for an instance; the text of the denial, or nothing. */
async function create(name: string, namespace = ROOM): Promise<string | undefined> {
  const object = {
    apiVersion: `${KIND.group}/${KIND.version}`,
    kind: KIND.kind,
    metadata: { name, namespace },
    spec: {},
  };
  try {
    await client.create(KIND, object);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function instances(): Promise<readonly string[]> {
  const lists = await Promise.all([ROOM, NO_ROOM].map((namespace) => client.list(KIND, { namespace })));
  return lists.flatMap(({ items }) => items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
}

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`never came true: ${what}`);
    await systemClock.sleep(100);
  }
}

beforeAll(async () => {
  const surroundings = nodeSurroundings({ env: process.env, cwd: process.cwd(), clock: systemClock });
  client = createClient(await loadAccess({}, surroundings), { clock: systemClock });
  await register(SERVICE, {
    'templates/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n',
  });
  for (const namespace of [ROOM, NO_ROOM]) await run(`kubectl create namespace ${namespace}`);
  await run(`kubectl create quota none -n ${NO_ROOM} --hard=count/${KIND.plural}.${KIND.group}=0`);
  await tenantry('Plan', 'tenants-small', { instances: OFFERED });
  await tenantry('Tenant', 'tenants-acme', { plan: 'tenants-small' });
  await give(ROOM, 'tenants-acme');
  await give(NO_ROOM, 'tenants-acme');
}, 120_000);

afterAll(async () => {
  await forget(SERVICE);
  await shell(`kubectl delete namespace ${ROOM} ${NO_ROOM} tenants-attack --wait=false`);
  await shell(`kubectl delete tenant,plan -n ${NS} tenants-acme tenants-small tenants-trial`);
  await shell('kubectl delete clusterrole,clusterrolebinding tenants-namespacer');
  await shell(`kubectl delete role,rolebinding tenants-default -n ${NS}`);
  await client.close();
});

describe(
  '100 instances wanted at once, 30 of which are refused after admission',
  { timeout: 180_000 },
  () => {
    it('become exactly as many as the plan offers, and no place is lost', async () => {
      const numbers = Array.from({ length: 100 }, (_, n) => n);
      const homeOf = (n: number): string => (n % 10 < 3 ? NO_ROOM : ROOM);
      const answers = await Promise.all(numbers.map((n) => create(`burst${n}`, homeOf(n))));

      const full = answers.filter((text) =>
        text?.includes('Plan tenants-small of tenant tenants-acme has no place'),
      );
      // Exceeded, or not counted yet: either way it refuses.
      const late = numbers.filter((n) => answers[n]?.includes('quota: none'));
      expect((await instances()).length + late.length).toBe(OFFERED);
      expect(full).toHaveLength(100 - OFFERED);

      // The places of those that were refused later are theirs until it is certain that they don't come; then anybody's.
      await run(`kubectl delete quota none -n ${NO_ROOM}`);
      await until('they can be created', async () => {
        const again = await Promise.all(late.map((n) => create(`burst${n}`, NO_ROOM)));
        return again.every((text) => text === undefined || text.includes('already exists'));
      });
      expect(await Promise.all(numbers.map((n) => create(`other${n}`)))).not.toContain(undefined);
      expect(await instances()).toHaveLength(OFFERED);
      const ledger = await getJson<{ spec: { places: object } }>(`ledger tenants-acme -n ${NS}`);
      expect(Object.keys(ledger.spec.places)).toHaveLength(OFFERED);
    });

    it('leave room for another when one is gone', async () => {
      const [one = ''] = await instances();
      const [namespace = '', name = ''] = one.split('/');
      await run(`kubectl delete ${KIND.plural}.${KIND.group} ${name} -n ${namespace} --wait --timeout=60s`);

      await until('there is room', async () => (await create('late')) === undefined);
      expect(await create('later')).toContain('has no place for it');
    });
  },
);

describe('a tenant’s plan', () => {
  it('freezes nothing that runs, and everything new, when its trial ends', async () => {
    await tenantry('Plan', 'tenants-trial', { trialPeriod: '1h', egress: 'closed' });
    await tenantry('Tenant', 'tenants-acme', { plan: 'tenants-trial', since: '2020-01-01T02:00:00+02:00' });
    await run(`kubectl wait -n ${NS} tenant/tenants-acme --for=condition=Ready=false --timeout=30s`);

    expect(await create('new')).toContain(
      'The trial of plan tenants-trial that tenant tenants-acme is on ended at 2020-01-01T01:00:00Z',
    );
    expect(await instances()).toHaveLength(OFFERED);
  });

  it('takes no times without a zone, and no names of classes that don’t fit a label', async () => {
    const dry = (object: object): ReturnType<typeof shell> =>
      shell('kubectl create --dry-run=server -f -', { input: JSON.stringify(object) });
    const base = { apiVersion: 'tenantry.dev/v1alpha1', metadata: { name: 'tenants-wrong', namespace: NS } };
    const storageClasses = ['a'.repeat(40), 'b'.repeat(40)];

    const tenant = await dry({ ...base, kind: 'Tenant', spec: { until: '2026-12-24 18:00' } });
    expect(tenant.stderr).toContain('spec.until');
    expect((await dry({ ...base, kind: 'Plan', spec: { storageClasses } })).stderr).toContain(
      'must have at most 63 characters',
    );
    expect((await dry({ ...base, kind: 'Plan', spec: { trialPeriod: 'a week' } })).stderr).toContain(
      'spec.trialPeriod',
    );
  });
});

describe('somebody who may do everything with namespaces, and nothing with tenants', () => {
  const as = '--as=tenants-namespacer --dry-run=server';
  beforeAll(async () => {
    await run(`kubectl create clusterrole tenants-namespacer --verb='*' --resource=namespaces`);
    await run(
      'kubectl create clusterrolebinding tenants-namespacer --clusterrole=tenants-namespacer --user=tenants-namespacer',
    );
  });

  it('can’t give a namespace to a tenant, nor take it away', async () => {
    const labels = `tenantry.dev/tenant=tenants-acme tenantry.dev/tenant-namespace=${NS}`;
    const give = await shell(`kubectl label namespace default ${labels} ${as}`);
    // Who may use the tenant that the namespace would have then may still not use the one that it has.
    await apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'tenants-default', namespace: NS },
      rules: [
        { apiGroups: ['tenantry.dev'], resources: ['tenants'], resourceNames: ['default'], verbs: ['use'] },
      ],
    });
    await run(
      `kubectl create rolebinding tenants-default -n ${NS} --role=tenants-default --user=tenants-namespacer`,
    );
    const take = await shell(
      `kubectl label namespace ${ROOM} tenantry.dev/tenant- tenantry.dev/tenant-namespace- ${as}`,
    );
    const half = await shell(`kubectl label namespace default tenantry.dev/tenant=x --dry-run=server`);

    expect(give.stderr).toContain('you may not use this tenant');
    expect(take.stderr).toContain('belongs to a tenant that you may not use');
    expect(half.stderr).toContain('set both, or none');
    expect((await shell(`kubectl label namespace default tenants-test=x ${as}`)).code).toBe(0);
  });
});

describe('anybody', () => {
  it('can’t write what is counted, whatever rights there are', async () => {
    const object = {
      apiVersion: 'tenantry.dev/v1alpha1',
      kind: 'Ledger',
      metadata: { name: 'tenants-forged', namespace: NS },
      spec: { tenantUid: '', places: {} },
    };
    const { stderr } = await shell('kubectl create --dry-run=server -f -', { input: JSON.stringify(object) });

    expect(stderr).toContain('only the operator writes ledgers');
  });

  it('claims storage of no class but those of the plan', async () => {
    await run('kubectl create namespace tenants-attack');
    await run('kubectl label namespace tenants-attack tenantry.dev/storage-classes=gold_silver');
    const claim = (storageClassName?: string): ReturnType<typeof shell> =>
      shell('kubectl create --dry-run=server -f -', {
        input: JSON.stringify({
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: 'data', namespace: 'tenants-attack' },
          spec: {
            ...(storageClassName === undefined ? {} : { storageClassName }),
            accessModes: ['ReadWriteOnce'],
            resources: { requests: { storage: '1Mi' } },
          },
        }),
      });

    expect((await claim('old')).stderr).toContain(
      'the plan of the tenant offers gold, silver; name one of these',
    );
    expect((await claim()).stderr).toContain('the plan of the tenant offers');
    expect((await claim('silver')).code).toBe(0);
  });
});
