import type { ClusterAccess } from '../../client/access.ts';
import { createClient } from '../../client/http-client.ts';
import type { Client } from '../../client/client.ts';
import { accountOf } from '../../api/virtual-cluster.ts';
import type { Clock } from '../../lib/clock.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { DOOR_CLIENT, doorName } from '../../planes/door.ts';
import { serviceHost } from '../../planes/plane-names.ts';
import type { Log } from '../../runtime/log.ts';
import type { Stores } from '../../runtime/controller.ts';
import { EgressServer } from '../../syncer/endpoint/egress-server.ts';
import { serveTenant, type ServedTenant } from '../../syncer/serve-tenant.ts';
import { applyNameServer } from './name-server.ts';
import { readPlane, type PlaneFacts } from './plane-facts.ts';
import { planesAccount, type VirtualClusterSettings } from './settings.ts';
import { wantedTenants, type WantedTenant } from './wanted-tenants.ts';

/** Between two looks at what is to be served: a look is at the stores alone. */
const LOOK_MS = 500;
/** Between two tries to begin with a plane that is not there yet. */
const RETRY_MS = 500;
/** An API server that is well answers within milliseconds. */
const ASK_TIMEOUT_MS = 2_000;
/** Between two looks at a plane's keys: they are renewed weeks before they end. */
const KEYS_MS = 30 * 60_000;
/** The door's certificates live for days. */
const RENEW_MS = 24 * 3_600_000;

/** What serving needs. */
export interface TenantsDeps {
  /** As this process, whether it leads or not. */
  readonly client: Client;
  /** The same that writes only while this process leads. */
  readonly leader: Client;
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly log: Log;
  readonly identity: string;
  readonly settings: VirtualClusterSettings;
  /** Letters for the end of a generated name; random. */
  readonly suffix: () => string;
  /** Told when a virtual cluster has come so far that there is work to do. */
  readonly onChange: (wanted: WantedTenant) => void;
}

/**
 * The virtual clusters that this process serves: behind one door, each with both its clusters in memory. Every replica of the
 * operator does, for an API server comes to any of them; the leader also does the work.
 */
export class Tenants {
  readonly door = new EgressServer();
  readonly #deps: TenantsDeps;
  readonly #serving = new Map<string, Serving>();

  constructor(deps: TenantsDeps) {
    this.#deps = deps;
  }

  /** Serves what is to be served until the signal aborts. */
  async run(stores: Stores, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    while (!signal.aborted) {
      this.#look(wantedTenants(stores));
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
    }
    await Promise.all([...this.#serving.values()].map((one) => one.stop()));
    await this.door.close();
  }

  /** Whether the process has anything of it open. */
  has(uid: string): boolean {
    return this.#serving.has(uid);
  }

  /** Whether both its clusters are in memory, and so work can be done. */
  isWatching(uid: string): boolean {
    return this.#serving.get(uid)?.isWatching === true;
  }

  /** Whether this process does the work. */
  isWorking(uid: string): boolean {
    return this.#serving.get(uid)?.isWorking === true;
  }

  /** Does the work from now on: in the leader alone. Throws KubeError where the cluster's own parts can't be written. */
  async work(uid: string): Promise<void> {
    await this.#serving.get(uid)?.work();
  }

  #look(wanted: readonly WantedTenant[]): void {
    const byUid = new Map(wanted.map((one) => [one.uid, one]));
    for (const [uid, serving] of this.#serving) {
      if (deepEqual(byUid.get(uid), serving.wanted)) continue;
      // Begun anew at the next look, when nothing of it is under way.
      void serving.stop().finally(() => {
        if (this.#serving.get(uid) === serving) this.#serving.delete(uid);
      });
    }
    for (const [uid, one] of byUid)
      if (!this.#serving.has(uid)) this.#serving.set(uid, new Serving(one, this.door, this.#deps));
  }
}

/** One virtual cluster from its first look to its end. */
class Serving {
  readonly wanted: WantedTenant;
  isWatching = false;
  isWorking = false;
  readonly #deps: TenantsDeps;
  readonly #door: EgressServer;
  readonly #abort = new AbortController();
  readonly #ended: Promise<void>;
  #open: { readonly served: ServedTenant; readonly cluster: Client } | undefined;

  constructor(wanted: WantedTenant, door: EgressServer, deps: TenantsDeps) {
    this.wanted = wanted;
    this.#door = door;
    this.#deps = deps;
    this.#ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#ended;
  }

  async work(): Promise<void> {
    const open = this.#open;
    if (open === undefined || !this.isWatching || this.isWorking) return;
    open.served.syncer.work();
    await applyNameServer(open.cluster, this.#deps.settings);
    this.isWorking = true;
  }

  /** Serves with one set of keys after the other. */
  async #run(): Promise<void> {
    const { clock, log } = this.#deps;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        const facts = await this.#facts();
        if (facts !== undefined) await this.#serve(facts);
      } catch (error) {
        if (!signal.aborted)
          log.debug('Virtual cluster not served yet', { tenant: this.wanted.tenant.name, error });
      } finally {
        await this.#close();
      }
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }

  #facts(): Promise<PlaneFacts | undefined> {
    const { client, settings } = this.#deps;
    return readPlane(client.as(planesAccount(settings)), this.wanted.plane, this.#abort.signal);
  }

  async #serve(facts: PlaneFacts): Promise<void> {
    const { clock, log } = this.#deps;
    const { signal } = this.#abort;
    const { served, cluster } = await this.#begin(facts);
    this.#open = { served, cluster };
    // First the door: the API server asks about its own Service before it is ready.
    this.#door.add(served.egress);
    this.#watch(served, cluster).catch((error: unknown) => {
      if (!signal.aborted)
        log.error('Virtual cluster not watched', { tenant: this.wanted.tenant.name, error });
    });
    let renewedAt = clock.monotonic();
    while (!signal.aborted) {
      await clock.sleep(KEYS_MS, signal).catch(() => undefined);
      if (signal.aborted || !deepEqual(await this.#facts(), facts)) return;
      if (clock.monotonic() - renewedAt < RENEW_MS) continue;
      renewedAt = clock.monotonic();
      this.#door.add(await served.renewed());
    }
  }

  /** Watches as soon as the API server answers: watches that fail wait ever longer. */
  async #watch({ syncer }: ServedTenant, cluster: Client): Promise<void> {
    const { clock, log, onChange } = this.#deps;
    const { signal } = this.#abort;
    const isReady = (): Promise<boolean> =>
      cluster.raw({ method: 'GET', path: '/readyz', timeoutMs: ASK_TIMEOUT_MS, signal }).then(
        () => true,
        () => false,
      );
    while (!(await isReady())) await clock.sleep(RETRY_MS, signal);
    signal.throwIfAborted();
    await syncer.watch();
    this.isWatching = true;
    log.info('Virtual cluster served', { tenant: this.wanted.tenant.name });
    onChange(this.wanted);
  }

  async #begin(facts: PlaneFacts): Promise<{ served: ServedTenant; cluster: Client }> {
    const { client, leader, access, clock, log, identity, settings, suffix } = this.#deps;
    const { plane, tenant, sync, uid } = this.wanted;
    const account = { namespace: settings.accountsNamespace, name: accountOf(uid) };
    const user = `system:serviceaccount:${account.namespace}:${account.name}`;
    const cluster = createClient(
      {
        server: `https://${serviceHost(plane)}`,
        ca: facts.trust,
        credentials: {
          current: () => Promise.resolve({ certificate: facts.admin }),
          refused: () => false,
        },
        namespace: 'default',
      },
      { clock, userAgent: 'tenantry-operator' },
    );
    const served = await serveTenant({
      ...sync,
      tenant,
      host: leader.as(account),
      reviewer: client.as(account),
      nodes: client,
      hostAccess: { ...access, impersonate: { user } },
      cluster,
      clock,
      log,
      identity,
      readsNodes: true,
      authority: facts.authority,
      clientCa: facts.clientCa,
      clientName: DOOR_CLIENT,
      serverName: doorName(plane),
      kubernetesAddress: facts.address,
      suffix,
    });
    return { served, cluster };
  }

  async #close(): Promise<void> {
    this.isWatching = false;
    this.isWorking = false;
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    await this.#door.remove(open.served.egress.serverName);
    await open.served.syncer.stop();
    await open.cluster.close();
  }
}
