import type { Client } from '../client/client.ts';
import {
  CONFIG_MAP,
  CORE_EVENT,
  INGRESS,
  NAMESPACE,
  NODE,
  POD,
  SECRET,
  SERVICE,
  ENDPOINT_SLICE,
} from '../kube/builtin-kinds.ts';
import { groupKindOf, type Kind, type ObjectRef } from '../kube/kind.ts';
import { isKubeError } from '../kube/kube-error.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Clock } from '../lib/clock.ts';
import { deepEqual } from '../lib/deep-equal.ts';
import { createEvents, type Events } from '../runtime/events.ts';
import type { Log } from '../runtime/log.ts';
import { isNotOurs } from '../runtime/not-ours.ts';
import { keyOf, keyOfObject, refOf } from '../runtime/object-key.ts';
import { WorkQueue } from '../runtime/work-queue.ts';
import { carryOutDeed, type Hands } from './carry-out-deed.ts';
import { deletionOf, SYNC_ERROR, type Deed, type Side } from './deed.ts';
import { MARKER_LABEL, standsFor } from './marks.ts';
import { Mirror } from './mirror.ts';
import { POD_ROW } from './pods/pod-row.ts';
import { podRefusals } from './pods/pod-refusals.ts';
import { tokenSecretName, tokenWishes } from './pods/pod-tokens.ts';
import { renewIn, tokenSecret, TOKEN_OF_LABEL } from './pods/token-secret.ts';
import { ingressReferences, podReferences } from './references.ts';
import type { Row } from './row.ts';
import { CLAIM_ROW } from './rows/claims.ts';
import { configMapRow, secretRow } from './rows/configs.ts';
import { DISRUPTION_BUDGET_ROW } from './rows/disruption-budgets.ts';
import { ENDPOINT_SLICE_ROW } from './rows/endpoint-slices.ts';
import { decideEvent, tenantEventName, type Subject } from './rows/events.ts';
import { INGRESS_ROW } from './rows/ingresses.ts';
import { NETWORK_POLICY_ROW } from './rows/network-policies.ts';
import { decideNode } from './rows/nodes.ts';
import { SERVICE_ROW } from './rows/services.ts';
import { scrub } from './scrub.ts';
import { WatchedSide } from './sides.ts';
import { tenantCalls, type IssuedToken, type TenantCalls } from './tenant-calls.ts';
import type { Tenant } from './tenant.ts';

/** Pairs worked on at the same time: the two API servers answer in milliseconds, and one tenant must not fill a process. */
const WORKERS = 8;
/** Longest wait until a failed pair is tried again: a quota that became free is used soon. */
const MAX_RETRY_MS = 20_000;
/** Objects whose last words are remembered; the oldest are forgotten first, and said again at most once. */
const MAX_TOLD = 4096;

/** Failures that the tenant can do something about; all others pass by themselves. */
const TOLD_CODES = ['Forbidden', 'Invalid', 'BadRequest', 'MethodNotAllowed'] as const;

/** What a syncer works with. */
export interface SyncerOptions {
  readonly tenant: Tenant;
  /** The host cluster: rights in the tenant's namespace. */
  readonly host: Client;
  /** Reads the host's nodes, where `host` may not. */
  readonly nodes?: Client;
  /** The tenant's cluster, as its administrator. */
  readonly cluster: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** Which process it is, for events. */
  readonly identity: string;
  readonly readsNodes: boolean;
  /** Kinds that are brought to the host only if asked for. */
  readonly ingresses: boolean;
  readonly networkPolicies: boolean;
  readonly disruptionBudgets: boolean;
  /** In place of the calls to a real API server, for tests against one that has no such doors. */
  readonly calls?: TenantCalls;
}

type Work = (ref: ObjectRef) => Promise<void>;

/**
 * Keeps one virtual cluster and its namespace on the host in step. All state is in the two API servers: started anew it
 * begins where it was.
 */
export class Syncer {
  readonly mirror: Mirror;
  readonly #options: SyncerOptions;
  readonly #sides: Readonly<Record<Side, WatchedSide>>;
  readonly #rows: readonly Row[];
  readonly #works = new Map<string, Work>();
  readonly #queue: WorkQueue;
  readonly #hands: Hands;
  readonly #events: Events;
  readonly #told = new Map<string, string>();
  readonly #asking = new Map<string, Promise<void>>();
  #workers: Promise<void>[] = [];

  constructor(options: SyncerOptions) {
    this.#options = options;
    const { tenant, host, cluster, clock, log, identity } = options;
    const uses = {
      configMap: (namespace: string, name: string) => this.mirror.usesConfigMap(namespace, name),
      secret: (namespace: string, name: string) => this.mirror.usesSecret(namespace, name),
    };
    this.#rows = [
      POD_ROW,
      SERVICE_ROW,
      ENDPOINT_SLICE_ROW,
      CLAIM_ROW,
      configMapRow(uses.configMap),
      secretRow(uses.secret),
      ...(options.ingresses ? [INGRESS_ROW] : []),
      ...(options.networkPolicies ? [NETWORK_POLICY_ROW] : []),
      ...(options.disruptionBudgets ? [DISRUPTION_BUDGET_ROW] : []),
    ];
    const kinds = this.#rows.map(({ kind }) => kind);
    const labelSelector = `${MARKER_LABEL}=${tenant.name}`;
    const namespace = tenant.hostNamespace;
    this.#sides = {
      host: new WatchedSide({
        client: host,
        clock,
        log,
        watches: [
          ...kinds.map((kind) => ({ kind, namespace, labelSelector })),
          { kind: CORE_EVENT, namespace },
          ...(options.readsNodes ? [{ kind: NODE, client: options.nodes }] : []),
        ],
      }),
      tenant: new WatchedSide({
        client: cluster,
        clock,
        log,
        watches: [...kinds, NAMESPACE, NODE].map((kind) => ({ kind })),
      }),
    };
    this.mirror = new Mirror(tenant, this.#sides.host, this.#sides.tenant, kinds);
    this.#queue = new WorkQueue({ clock, maxRetryMs: MAX_RETRY_MS });
    this.#events = createEvents({ client: cluster, clock, log, identity });
    this.#hands = {
      tenant,
      clients: { host, tenant: cluster },
      events: this.#events,
      calls: options.calls ?? tenantCalls(cluster),
      expect: (side, kind, ref) =>
        this.#sides[side].has(kind) ? this.#sides[side].of(kind).expect(ref, undefined) : () => undefined,
    };
    this.#wire();
  }

  /** Resolves when both clusters are known. Any process may do this, to answer for the tenant; only one does the work. */
  async watch(): Promise<void> {
    await Promise.all([this.#sides.host.start(), this.#sides.tenant.start()]);
  }

  /** Does the work from now on, beginning with all that has gathered. */
  work(): void {
    if (this.#workers.length === 0) this.#workers = Array.from({ length: WORKERS }, () => this.#work());
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    const idle = this.#queue.stop();
    await Promise.all([this.#sides.host.stop(), this.#sides.tenant.stop()]);
    await idle;
    await Promise.all(this.#workers);
  }

  /** Which change makes which pair worth a look. */
  #wire(): void {
    const { host, tenant } = this.#sides;
    for (const row of this.#rows) {
      this.#works.set(groupKindOf(row.kind), (ref) => this.#pair(row, ref));
      tenant.onChange(row.kind, ({ object }) => this.#add(row.kind, object.metadata));
      host.onChange(row.kind, ({ object }) => {
        const ref = standsFor(object, row.kind, this.#options.tenant);
        if (ref !== undefined) this.#add(row.kind, ref);
      });
    }
    this.#works.set(TOKENS, (ref) => this.#tokens(ref));
    this.#works.set(TOKEN_SECRET, (ref) => this.#tokenSecret(ref.name));
    this.#works.set(groupKindOf(NODE), (ref) => this.#node(ref.name));
    this.#works.set(groupKindOf(CORE_EVENT), (ref) => this.#event(ref));
    tenant.onChange(POD, ({ object, previous, gone }) => {
      this.#addReferences(object.metadata.namespace, podReferences(object));
      if (previous !== undefined) this.#addReferences(object.metadata.namespace, podReferences(previous));
      if (tokenWishes(object).length === 0 || (previous !== undefined && !gone)) return;
      this.#queue.add(`${TOKENS}|${keyOfObject(object)}`);
      this.#queue.add(`${TOKEN_SECRET}|${keyOf({ name: tokenSecretName(object, this.#options.tenant) })}`);
    });
    tenant.onChange(INGRESS, ({ object, previous }) => {
      for (const one of [object, previous])
        if (one !== undefined) this.#addReferences(one.metadata.namespace, ingressReferences(one));
    });
    tenant.onChange(NAMESPACE, ({ object, previous }) => {
      if (deepEqual(object.metadata.labels, previous?.metadata.labels)) return;
      for (const pod of tenant.list(POD, object.metadata.name)) this.#add(POD, pod.metadata);
    });
    // Whether a slice goes to the host hangs on its Service.
    tenant.onChange(SERVICE, ({ object }) => {
      for (const slice of tenant.list(ENDPOINT_SLICE, object.metadata.namespace))
        this.#add(ENDPOINT_SLICE, slice.metadata);
    });
    tenant.onChange(NODE, ({ object }) => this.#add(NODE, object.metadata));
    host.onChange(NODE, ({ object }) => {
      if (this.mirror.hostPodsOn(object.metadata.name).length > 0) this.#add(NODE, object.metadata);
    });
    host.onChange(POD, ({ object }) => {
      const name = object.spec?.nodeName;
      if (name !== undefined) this.#add(NODE, { name });
    });
    host.onChange(CORE_EVENT, ({ object, gone }) => {
      if (!gone) this.#add(CORE_EVENT, object.metadata);
    });
    host.onChange(SECRET, ({ object: { metadata } }) => {
      if (metadata.labels?.[TOKEN_OF_LABEL] !== undefined)
        this.#queue.add(`${TOKEN_SECRET}|${keyOf({ name: metadata.name })}`);
    });
  }

  #addReferences(namespace: string | undefined, names: ReturnType<typeof podReferences>): void {
    for (const name of names.configMaps) this.#add(CONFIG_MAP, { namespace, name });
    for (const name of names.secrets) this.#add(SECRET, { namespace, name });
  }

  #add(kind: Kind, { namespace, name }: ObjectRef): void {
    this.#queue.add(`${groupKindOf(kind)}|${keyOf({ namespace, name })}`);
  }

  async #work(): Promise<void> {
    for (;;) {
      const key = await this.#queue.take();
      if (key === undefined) return;
      try {
        const bar = key.indexOf('|');
        await this.#works.get(key.slice(0, bar))?.(refOf(key.slice(bar + 1)));
        this.#queue.forget(key);
      } catch (error) {
        this.#options.log.debug('Syncing failed and is tried again', { key, error });
        this.#queue.retry(key);
      } finally {
        this.#queue.done(key);
      }
    }
  }

  async #pair(row: Row, ref: ObjectRef): Promise<void> {
    const pair = this.mirror.pair(row.kind, ref);
    const deeds = row.decide(pair, this.mirror, this.#options.clock.now());
    try {
      for (const deed of deeds) {
        // A pod that starts without its tokens would be stuck on its volumes; so they come first.
        if (deed.do === 'create' && row.kind.kind === 'Pod') await this.#tokens(ref);
        await this.#do(deed, `${groupKindOf(row.kind)}|${keyOf(ref)}`);
      }
    } catch (error) {
      if (await this.#isAnothersName(row.kind, ref, error)) this.mirror.giveSpareName(row.kind, ref);
      else if (
        pair.tenant !== undefined &&
        isKubeError(error) &&
        TOLD_CODES.some((code) => code === error.code)
      )
        await this.#tell(pair.tenant, SYNC_ERROR, scrub(error.message, this.mirror, ref.namespace));
      throw error;
    }
  }

  /** True if the name on the host is in use by something that does not stand for the object. */
  async #isAnothersName(kind: Kind, ref: ObjectRef, error: unknown): Promise<boolean> {
    if (isNotOurs(error)) return true;
    if (!isKubeError(error, 'AlreadyExists')) return false;
    const { tenant, host } = this.#options;
    const there = await host.find(kind, {
      namespace: tenant.hostNamespace,
      name: this.mirror.hostName(kind, ref),
    });
    if (there === undefined) return false;
    const own = standsFor(there, kind, tenant);
    return own?.name !== ref.name || own.namespace !== ref.namespace;
  }

  async #do(deed: Deed, key: string): Promise<void> {
    if (deed.do === 'look-again') this.#queue.addAfter(key, deed.afterMs);
    else if (deed.do === 'tell') await this.#tell(deed.object, deed.reason, deed.message, deed.type);
    else await carryOutDeed(deed, this.#hands);
  }

  /** Says a thing once: the same words about the same object are no news. */
  async #tell(
    object: KubeObject,
    reason: string,
    message: string,
    type: 'Normal' | 'Warning' = 'Warning',
  ): Promise<void> {
    const uid = object.metadata.uid ?? keyOfObject(object);
    const words = `${reason} ${message}`;
    if (this.#told.get(uid) === words) return;
    this.#told.delete(uid);
    this.#told.set(uid, words);
    const [oldest] = this.#told.keys();
    if (this.#told.size > MAX_TOLD && oldest !== undefined) this.#told.delete(oldest);
    await this.#events.emit(object, { type, reason, message });
  }

  /** Tokens of a pod: there before it starts, and renewed while it runs. Asked for once, whoever needs them first. */
  #tokens(ref: ObjectRef): Promise<void> {
    const key = keyOf(ref);
    const running = this.#asking.get(key) ?? this.#askForTokens(ref).finally(() => this.#asking.delete(key));
    this.#asking.set(key, running);
    return running;
  }

  async #askForTokens(ref: ObjectRef): Promise<void> {
    const { tenant, clock } = this.#options;
    const pod = this.#sides.tenant.get(POD, ref);
    const wishes = pod === undefined ? [] : tokenWishes(pod);
    if (pod === undefined || wishes.length === 0 || pod.metadata.deletionTimestamp !== undefined) return;
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return;
    // One that is refused never starts, and needs none.
    if (podRefusals(pod, tenant.rules).length > 0 && pod.spec?.nodeName === undefined) return;
    const name = tokenSecretName(pod, tenant);
    const standing = this.#sides.host.get(SECRET, { namespace: tenant.hostNamespace, name });
    let left = renewIn(standing, wishes, clock.now());
    if (left <= 0) {
      const tokens = new Map<string, IssuedToken>();
      for (const wish of wishes) tokens.set(wish.key, await this.#hands.calls.requestToken(pod, wish));
      const object = tokenSecret(pod, tokens, tenant, clock.now());
      await carryOutDeed({ do: 'own', kind: SECRET, object, uid: standing?.metadata.uid }, this.#hands);
      left = Math.max(renewIn(object, wishes, clock.now()), MIN_RENEW_MS);
    }
    this.#queue.addAfter(`${TOKENS}|${keyOf(ref)}`, left);
  }

  /** A Secret of tokens goes with its pod, and is made anew while it lives. */
  async #tokenSecret(name: string): Promise<void> {
    const { hostNamespace: namespace } = this.#options.tenant;
    const secret = this.#sides.host.get(SECRET, { namespace, name });
    const uid = secret?.metadata.labels?.[TOKEN_OF_LABEL];
    if (secret === undefined || uid === undefined) return;
    const pod = this.mirror.podOfUid(uid);
    if (pod !== undefined) this.#queue.add(`${TOKENS}|${keyOfObject(pod)}`);
    else await carryOutDeed(deletionOf('host', SECRET, secret), this.#hands);
  }

  async #node(name: string): Promise<void> {
    const { host, tenant } = this.#sides;
    const facts = {
      name,
      pods: this.mirror.hostPodsOn(name),
      now: this.#options.clock.now(),
      host: host.get(NODE, { name }),
      tenant: tenant.get(NODE, { name }),
    };
    // Read before it is made: a status that stands in a create is not kept.
    for (const deed of decideNode(facts)) {
      await this.#do(deed, `${groupKindOf(NODE)}|${keyOf({ name })}`);
      if (deed.do === 'create') this.#add(NODE, { name });
    }
  }

  async #event(ref: ObjectRef): Promise<void> {
    const event = this.#sides.host.get(CORE_EVENT, ref);
    if (event === undefined) return;
    const subject = this.#subjectOf(event.involvedObject);
    if (subject === undefined) return;
    const { namespace } = subject;
    const name = tenantEventName(event.metadata.name, subject);
    const there = await this.#options.cluster.find(CORE_EVENT, { namespace, name });
    for (const deed of decideEvent(event, subject, there, this.mirror))
      await this.#do(deed, `${groupKindOf(CORE_EVENT)}|${keyOf(ref)}`).catch((error: unknown) => {
        // A namespace that ends takes no events; nobody would read them.
        if (!isKubeError(error, 'Forbidden') && !isKubeError(error, 'NotFound')) throw error;
      });
  }

  /** The tenant's object that something on the host stands for: by name and UID, never by what a text says. */
  #subjectOf(about: {
    readonly kind?: string;
    readonly name?: string;
    readonly uid?: string;
  }): Subject | undefined {
    const { tenant } = this.#options;
    const row = this.#rows.find(({ kind }) => kind.kind === about.kind);
    if (row === undefined || about.name === undefined) return undefined;
    const there = this.#sides.host.get(row.kind, { namespace: tenant.hostNamespace, name: about.name });
    if (there === undefined || (about.uid !== undefined && there.metadata.uid !== about.uid))
      return undefined;
    const ref = standsFor(there, row.kind, tenant);
    const uid = ref === undefined ? undefined : this.#sides.tenant.get(row.kind, ref)?.metadata.uid;
    return ref === undefined || uid === undefined ? undefined : { ...ref, uid };
  }
}

/** Keys of tokens in the queue. */
const TOKENS = 'tokens';
const TOKEN_SECRET = 'token-secret';
/** A token that is due at once again would be asked for without end. */
const MIN_RENEW_MS = 10_000;
