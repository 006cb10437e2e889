import { crdManifests } from '../../src/api/crds.ts';
import type { Instance } from '../../src/api/instance.ts';
import { LEDGER, type Ledger } from '../../src/api/ledger.ts';
import { TENANT_PLAN, type PlanSpec } from '../../src/api/plan.ts';
import type { ServicePolicies } from '../../src/api/revision.ts';
import { TENANT, type Tenant } from '../../src/api/tenant.ts';
import type { Client } from '../../src/client/client.ts';
import { placeTaker, type Services, type TenancyDeps } from '../../src/features/tenancy/tenancy.ts';
import {
  instanceCounter,
  TENANT_CONTROLLER,
  tenantController,
} from '../../src/features/tenancy/tenant-controller.ts';
import { generatedCrd } from '../../src/helm/generated-crd.ts';
import { CRD, NAMESPACE } from '../../src/kube/builtin-kinds.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { AnyObject, Condition } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Finding } from '../../src/runtime/admission.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createManager, type Manager } from '../../src/runtime/manager.ts';
import { TENANT_INDEX } from '../../src/runtime/tenant-namespaces.ts';
import { watch } from '../../src/runtime/watch.ts';
import { eventually } from '../doubles/eventually.ts';
import type { Attributes } from '../fakeapi/options.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';
import { SHOP } from './instance-rig.ts';

export const OPERATOR = 'tenantry';
/** Milliseconds after which the test's API server has stored an object or never will. */
const PENDING_MS = 1000;

const POLICIES: ServicePolicies = {
  quota: { 'requests.cpu': '1', 'requests.memory': '1Gi', 'limits.cpu': '2', 'limits.memory': '2Gi' },
  podSecurity: 'baseline',
  fillResources: true,
  egress: 'default',
  allowedClusterKinds: [],
};

/** Who may use tenants, as access reviews answer; tests change it. */
interface Rights {
  mayUse: (attributes: Attributes) => boolean;
}

/** Two replicas that admit, one of which leads, over an API server in memory. No instance is worked on. */
export class TenancyRig {
  readonly api: FakeApi;
  readonly client: Client;
  readonly rights: Rights;
  /** Refused after the operator was asked, as a quota or another webhook would. */
  refusedLater = new Set<string>();
  /** Number of the oldest revision that there is of the service. */
  oldestRevision = 1;
  /** Whether the leader's stores have the instances yet. */
  isStored = true;
  /** The user of the requests as the operator sees it. */
  user = { username: 'tester', uid: '', groups: ['everybody'] };
  #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #leader: Manager | undefined;
  #leading: () => void = () => undefined;
  #asked = 0;

  private constructor(api: FakeApi, rights: Rights) {
    this.api = api;
    this.rights = rights;
    this.client = api.client({ token: 'tester' });
  }

  static async start(): Promise<TenancyRig> {
    const rights: Rights = { mayUse: () => true };
    const api = await startFakeApi({
      namespaces: [OPERATOR, 'team'],
      tokens: { tester: 'tester', operator: 'operator' },
      unenforced: ['CEL rules'],
      authorize: (attributes) => attributes.verb !== 'use' || rights.mayUse(attributes),
    });
    const rig = new TenancyRig(api, rights);
    await rig.#prepare();
    await rig.#run();
    return rig;
  }

  async #prepare(): Promise<void> {
    const { group, version, kind, plural } = CRD;
    const crds: Kind<AnyObject> = { group, version, kind, plural, namespaced: false };
    const resource = { group: SHOP.group, version: SHOP.version, kind: SHOP.kind, plural: SHOP.plural };
    const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const shop = generatedCrd({ resource, serviceUid: 'u', spec: schema, description: 'Shops.', kinds: [] });
    for (const crd of [...crdManifests(), shop]) await this.client.create(crds, crd);
  }

  async #run(): Promise<void> {
    const client = this.api.client({ token: 'operator' });
    const services: Services = {
      kinds: () => [SHOP],
      policiesOf: (_service, _stores, newest = Infinity) =>
        newest < this.oldestRevision ? undefined : POLICIES,
    };
    const deps = { client, clock: systemClock, services, operatorNamespace: OPERATOR };
    const leader = this.#manager('leader', client);
    const other = this.#manager('other', client);
    this.#leading = () => {
      leader.addController(
        tenantController({ ...deps, isWatched: () => this.isStored, pendingMs: PENDING_MS }),
      );
    };
    this.#leading();
    const wake = leader.enqueue.bind(leader);
    leader.addController(instanceCounter(SHOP, { operatorNamespace: OPERATOR, stores: leader.stores, wake }));
    const holds = [leader, other].flatMap((manager) => [
      manager.ensureWatch(watch({ kind: NAMESPACE, indexes: TENANT_INDEX, wakes: () => [] })),
      manager.ensureWatch(watch({ kind: TENANT, wakes: () => [] })),
      manager.ensureWatch(watch({ kind: TENANT_PLAN, wakes: () => [] })),
      manager.ensureWatch(watch({ kind: SHOP, wakes: () => [] })),
    ]);
    this.#leader = leader;
    this.#admit([leader, other], deps);
    this.#running = Promise.all([leader, other].map((manager) => manager.run(this.#stop.signal)));
    await Promise.all(holds.map(({ synced }) => synced));
  }

  #manager(identity: string, client: Client): Manager {
    return createManager({ client, clock: systemClock, log: silentLog, identity, namespace: OPERATOR });
  }

  /** As the API server does: one of the replicas by turns, then whoever comes after us. */
  #admit(managers: readonly Manager[], deps: TenancyDeps): void {
    const takers = managers.map(({ stores }) => placeTaker({ ...deps, stores }));
    this.api.addAdmission(async (request) => {
      if (request.operation !== 'CREATE' || request.kind !== SHOP.kind) return { allowed: true };
      this.#asked += 1;
      const taker = takers[this.#asked % takers.length];
      const asked = { ...request, user: this.user };
      const findings: readonly Finding[] = (await taker?.(asked, new AbortController().signal)) ?? [];
      return findings.length === 0 ? { allowed: true } : { allowed: false, findings };
    });
    this.api.addAdmission((request) =>
      request.operation === 'CREATE' && this.refusedLater.has(request.name)
        ? { allowed: false, findings: [{ message: 'refused later' }] }
        : { allowed: true },
    );
  }

  /** Whether anybody looks at tenants. Admission goes on without. */
  async lead(leads: boolean): Promise<void> {
    if (leads) this.#leading();
    else await this.#leader?.removeController(TENANT_CONTROLLER);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.api.close();
  }

  async plan(name: string, spec: PlanSpec): Promise<void> {
    const metadata = { name, namespace: OPERATOR };
    const object = { apiVersion: 'tenantry.dev/v1alpha1', kind: 'Plan', metadata, spec };
    await this.client.apply(TENANT_PLAN, object, { fieldManager: 'tester' });
    const inAll = (): boolean =>
      this.#leader?.stores.get(TENANT_PLAN, metadata)?.metadata.generation ===
      this.api.objects(TENANT_PLAN).find((one) => one.metadata.name === name)?.metadata.generation;
    await eventually(`plan ${name} is in the stores`, inAll);
  }

  async tenant(name: string, spec: Tenant['spec'] = {}): Promise<void> {
    const metadata = { name, namespace: OPERATOR };
    const object = { apiVersion: 'tenantry.dev/v1alpha1', kind: 'Tenant', metadata, spec };
    await this.client.apply(TENANT, object, { fieldManager: 'tester' });
    await this.until(name, {});
  }

  /** Gives a namespace to a tenant. */
  async own(namespace: string, tenant: string): Promise<void> {
    const labels = { 'tenantry.dev/tenant': tenant, 'tenantry.dev/tenant-namespace': OPERATOR };
    await this.client.patch(
      NAMESPACE,
      { name: namespace },
      { type: 'merge', body: { metadata: { labels } } },
    );
    await eventually(`${namespace} is ${tenant}’s in the stores`, () => {
      const known = this.#leader?.stores.get(NAMESPACE, { name: namespace })?.metadata.labels;
      return known?.['tenantry.dev/tenant'] === tenant;
    });
  }

  create(name: string, namespace = 'team', dryRun = false): Promise<Instance> {
    const metadata = { name, namespace };
    const object = { apiVersion: `${SHOP.group}/${SHOP.version}`, kind: SHOP.kind, metadata, spec: {} };
    return this.client.create(SHOP, object, { dryRun });
  }

  /** What became of creating each of these: the text of the denial, or nothing. */
  async createAll(names: readonly string[], namespace = 'team'): Promise<readonly (string | undefined)[]> {
    const results = await Promise.allSettled(names.map((name) => this.create(name, namespace)));
    return results.map((one) => (one.status === 'rejected' ? (one.reason as Error).message : undefined));
  }

  delete(name: string): Promise<unknown> {
    return this.client.delete(SHOP, { namespace: 'team', name });
  }

  names(): readonly string[] {
    return this.api.objects(SHOP).map(({ metadata }) => metadata.name);
  }

  ledger(tenant: string): Ledger | undefined {
    return this.api.objects(LEDGER).find(({ metadata }) => metadata.name === tenant);
  }

  /** Names in the ledger. */
  places(tenant: string): readonly string[] {
    return Object.keys(this.ledger(tenant)?.spec.places ?? {}).map((place) => place.split('/')[3] ?? '');
  }

  /** The tenant's status counts so many. */
  counted(name: string, instances: number): Promise<unknown> {
    return eventually(`${name} has ${instances}`, () =>
      this.api
        .objects(TENANT)
        .some((one) => one.metadata.name === name && one.status?.instances === instances),
    );
  }

  /** A tenant, once a condition of it is as asked. */
  async until(name: string, what: Partial<Condition>): Promise<Tenant> {
    const { type = 'Ready', ...wanted } = what;
    let found: Tenant | undefined;
    await eventually(`${name} says ${JSON.stringify(what)}`, () => {
      found = this.api.objects(TENANT).find(({ metadata }) => metadata.name === name);
      const condition = findCondition(found?.status?.conditions, type);
      return (
        condition !== undefined &&
        found?.status?.observedGeneration === found?.metadata.generation &&
        Object.entries(wanted).every(([key, value]) => condition[key as keyof Condition] === value)
      );
    });
    return found as Tenant; // true: the check above saw it
  }
}
