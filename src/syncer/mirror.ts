import { INGRESS, NAMESPACE, POD, SERVICE, type Pod, type Service } from '../kube/builtin-kinds.ts';
import { groupKindOf, type Kind, type ObjectRef } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import { keyOf } from '../runtime/object-key.ts';
import { standsFor } from './marks.ts';
import { hostNames } from './names.ts';
import { ingressReferences, podReferences } from './references.ts';
import type { Pair } from './row.ts';
import type { WatchedSide } from './sides.ts';
import type { Tenant } from './tenant.ts';
import type { Surroundings } from './translation.ts';

/** The name server of a cluster: where every distribution has it. */
const DNS_SERVICE = { namespace: 'kube-system', name: 'kube-dns' } as const;

const OF_TENANT = 'of-tenant';
const CONFIG_MAPS = 'config-maps';
const SECRETS = 'secrets';
const NODE_NAME = 'node';
const UID = 'uid';

/** Both clusters in memory: which object stands for which, and what a translation may look at. Nothing is asked for. */
export class Mirror implements Surroundings {
  readonly tenant: Tenant;
  readonly #host: WatchedSide;
  readonly #tenantSide: WatchedSide;
  readonly #kinds: readonly Kind[];
  /** Names on the host that somebody else has: lost in a crash, and found out again. */
  readonly #taken = new Set<string>();

  constructor(tenant: Tenant, host: WatchedSide, tenantSide: WatchedSide, kinds: readonly Kind[]) {
    this.tenant = tenant;
    this.#host = host;
    this.#tenantSide = tenantSide;
    this.#kinds = kinds;
    for (const kind of kinds)
      host.of(kind).store.addIndex(OF_TENANT, (object) => {
        const ref = standsFor(object, kind, tenant);
        return ref === undefined ? [] : [keyOf(ref)];
      });
    tenantSide.of(POD).store.addIndex(CONFIG_MAPS, (pod) => keysOf(pod, podReferences(pod).configMaps));
    tenantSide.of(POD).store.addIndex(SECRETS, (pod) => keysOf(pod, podReferences(pod).secrets));
    tenantSide.of(POD).store.addIndex(UID, ({ metadata }) => [metadata.uid ?? '']);
    host
      .of(POD)
      .store.addIndex(NODE_NAME, ({ spec }) => (spec?.nodeName === undefined ? [] : [spec.nodeName]));
    if (tenantSide.has(INGRESS))
      tenantSide.of(INGRESS).store.addIndex(SECRETS, (one) => keysOf(one, ingressReferences(one).secrets));
  }

  /** A tenant's object and what stands for it. */
  pair<T extends KubeObject>(kind: Kind<T>, ref: ObjectRef): Pair<T> {
    return { tenant: this.#tenantSide.get(kind, ref), host: this.#standing(kind, ref) };
  }

  hostName(kind: Kind, ref: ObjectRef): string {
    const standing = this.#standing(kind, ref)?.metadata.name;
    if (standing !== undefined) return standing;
    const [first, spare] = hostNames(ref.name, ref.namespace ?? '', this.tenant.name);
    const there = this.#host.get(kind, { namespace: this.tenant.hostNamespace, name: first });
    return there !== undefined || this.#taken.has(`${groupKindOf(kind)}/${first}`) ? spare : first;
  }

  /** Somebody else has the first name of the object: it gets the spare one. */
  giveSpareName(kind: Kind, ref: ObjectRef): void {
    const [first] = hostNames(ref.name, ref.namespace ?? '', this.tenant.name);
    this.#taken.add(`${groupKindOf(kind)}/${first}`);
  }

  tenantName(hostName: string): ObjectRef | undefined {
    for (const kind of this.#kinds) {
      const object = this.#host.get(kind, { namespace: this.tenant.hostNamespace, name: hostName });
      const ref = object === undefined ? undefined : standsFor(object, kind, this.tenant);
      if (ref !== undefined) return ref;
    }
    return plainName(hostName, this.tenant.name);
  }

  namespaceLabels(namespace: string): Readonly<Record<string, string>> {
    return this.#tenantSide.get(NAMESPACE, { name: namespace })?.metadata.labels ?? {};
  }

  namespaces(): readonly string[] {
    return this.#tenantSide.list(NAMESPACE).map(({ metadata }) => metadata.name);
  }

  services(namespace: string): readonly Service[] {
    return this.#tenantSide.list(SERVICE, namespace);
  }

  get dnsAddress(): string | undefined {
    const address = this.#tenantSide.get(SERVICE, DNS_SERVICE)?.spec?.clusterIP ?? '';
    return address === '' || address === 'None' ? undefined : address;
  }

  /** Whether a pod, and which of the two lists, names an object. */
  usesConfigMap(namespace: string, name: string): boolean {
    return this.#podsBy(CONFIG_MAPS, `${namespace}/${name}`).length > 0;
  }

  usesSecret(namespace: string, name: string): boolean {
    const key = `${namespace}/${name}`;
    const ingresses = this.#tenantSide.has(INGRESS)
      ? (this.#tenantSide.of(INGRESS).store.byIndex(SECRETS, key) ?? [])
      : [];
    return ingresses.length > 0 || this.#podsBy(SECRETS, key).length > 0;
  }

  /** The tenant's pod of a UID. */
  podOfUid(uid: string): Pod | undefined {
    return this.#podsBy(UID, uid)[0];
  }

  /** The tenant's pods that a node of the host runs. */
  hostPodsOn(node: string): readonly Pod[] {
    return this.#host.of(POD).store.byIndex(NODE_NAME, node) ?? [];
  }

  /** The tenant's pods on the host. */
  hostPods(): readonly Pod[] {
    return this.#ours(POD);
  }

  /** The tenant's Services on the host. */
  hostServices(): readonly Service[] {
    return this.#ours(SERVICE);
  }

  /** What is watched is marked; what also says whose it is was made by us. */
  #ours<T extends KubeObject>(kind: Kind<T>): readonly T[] {
    return this.#host
      .list(kind, this.tenant.hostNamespace)
      .filter((object) => standsFor(object, kind, this.tenant) !== undefined);
  }

  #podsBy(index: string, key: string): readonly Pod[] {
    return this.#tenantSide.of(POD).store.byIndex(index, key) ?? [];
  }

  #standing<T extends KubeObject>(kind: Kind<T>, ref: ObjectRef): T | undefined {
    if (!this.#host.has(kind)) return undefined;
    const found = this.#host.of(kind).store.byIndex(OF_TENANT, keyOf(ref)) ?? [];
    // Two can be there for a moment, when the first name was given free: the one that lives counts.
    return found.find(({ metadata }) => metadata.deletionTimestamp === undefined) ?? found[0];
  }
}

function keysOf({ metadata }: KubeObject, names: readonly string[]): readonly string[] {
  return names.map((name) => `${metadata.namespace ?? ''}/${name}`);
}

/** What a name says of itself, for objects that are gone or were never there: messages name them, too. */
function plainName(hostName: string, cluster: string): ObjectRef | undefined {
  const parts = hostName.split('-x-');
  const [name, namespace, last] = parts;
  if (parts.length !== 3 || last !== cluster || name === undefined || namespace === undefined)
    return undefined;
  return { namespace, name };
}
