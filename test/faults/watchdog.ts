import { HOOK_RUN_ANNOTATION } from '../../src/features/instance/hooks.ts';
import { inventoryOf } from '../../src/features/instance/inventory.ts';
import { releaseSecretName } from '../../src/helm/release-secret.ts';
import type { RenderRequest } from '../../src/helm/rendering.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { RequestRecord } from '../fakeapi/faults.ts';
import type { Change, Store } from '../fakeapi/store.ts';

/** Sees side effects as they happen: what a picture of the end can't show. */
export class Watchdog {
  /** What must not have happened, in words. */
  readonly violations: string[] = [];
  /** Hook runs by namespace, name and run: how often their object was made. */
  readonly #hookRuns = new Map<string, number>();
  /** Everything that was ever made, by store, namespace and name. */
  readonly #made = new Set<string>();
  /** Events by what they say. */
  readonly events = new Map<string, number>();
  /** Most instances that were on their way to another revision at the same time. */
  mostUpgrades = 0;
  readonly #upgrading = new Set<string>();
  readonly #store: Store;
  readonly #requests: readonly RequestRecord[];

  constructor(store: Store, requests: readonly RequestRecord[]) {
    this.#store = store;
    this.#requests = requests;
    store.onChange((change) => this.#see(change));
  }

  /** Before a rendering: once its record stands, nothing is rendered for a release again. */
  rendered({ release }: RenderRequest): void {
    const name = releaseSecretName(release.name, release.revision);
    if (this.#store.get('secrets.', release.namespace, name) !== undefined)
      this.violations.push(`release ${release.revision} was rendered again although its record stood`);
  }

  /** Successful writes outside of these namespaces (the cluster's scope is ''), as far as they are the operator's. */
  writesOutside(own: ReadonlySet<string>): string[] {
    return this.#requests
      .filter(
        ({ method, user, status }) => method !== 'GET' && user !== 'tester' && status < 300 && status > 0,
      )
      .filter(({ path }) => !own.has(/\/namespaces\/([^/]+)\/./.exec(path)?.[1] ?? ''))
      .map(({ method, path, user }) => `${user} wrote outside: ${method} ${path}`);
  }

  #seeUpgrade(object: KubeObject): void {
    const release = object.kind === 'Namespace' ? inventoryOf(object)?.release : undefined;
    if (release === undefined) return;
    const { phase, running, revision } = release;
    if (phase !== 'done' && running !== undefined && running.revision !== revision)
      this.#upgrading.add(object.metadata.name);
    else this.#upgrading.delete(object.metadata.name);
    this.mostUpgrades = Math.max(this.mostUpgrades, this.#upgrading.size);
  }

  /** In no story anything comes back that has gone: who makes it again has forgotten that it was made. */
  #seeMade({ store, object }: Change): void {
    const { name, namespace } = object.metadata as { readonly name: string; readonly namespace?: string };
    const key = `${store} ${namespace ?? ''}/${name}`;
    if (this.#made.has(key)) this.violations.push(`${key} was made twice`);
    this.#made.add(key);
  }

  #see(change: Change): void {
    const { type, object } = change;
    this.#seeUpgrade(object);
    if (type !== 'ADDED') return;
    const { kind, metadata, ...rest } = object as unknown as KubeObject & {
      readonly reason?: string;
      readonly note?: string;
      readonly message?: string;
    };
    const run = metadata.annotations?.[HOOK_RUN_ANNOTATION];
    if (run !== undefined) {
      const key = `${metadata.namespace}/${metadata.name} ${run}`;
      const times = (this.#hookRuns.get(key) ?? 0) + 1;
      this.#hookRuns.set(key, times);
      if (times > 1) this.violations.push(`hook ${key} ran ${times} times`);
    } else this.#seeMade(change);
    if (kind === 'Event') {
      const key = `${rest.reason}: ${rest.note ?? rest.message}`;
      this.events.set(key, (this.events.get(key) ?? 0) + 1);
    }
  }
}
