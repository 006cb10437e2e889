import type { Client } from '../client/client.ts';
import { watchObjects } from '../client/watcher.ts';
import { groupKindOf, type Kind, type ObjectRef } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Clock } from '../lib/clock.ts';
import { Informer, type Change } from '../runtime/informer.ts';
import type { Log } from '../runtime/log.ts';
import { withoutManagedFields } from '../runtime/slim.ts';

/** What one of the two clusters is watched for. */
export interface SideWatch {
  readonly kind: Kind;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** In place of that of the side. */
  readonly client?: Client | undefined;
}

/** What a side is made of. */
export interface SideOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly watches: readonly SideWatch[];
}

/** One of the two clusters as the syncer sees it: a store a kind, kept in step by a watch of its own. */
export class WatchedSide {
  readonly #informers = new Map<string, Informer<KubeObject>>();

  constructor({ client, clock, log, watches }: SideOptions) {
    for (const { kind, namespace, labelSelector, client: own } of watches) {
      const onError = (error: unknown): void =>
        log.debug('Watch failed and goes on', { kind: groupKindOf(kind), error });
      const informer = new Informer<KubeObject>({
        clock,
        slim: withoutManagedFields,
        onError,
        source: (signal) =>
          watchObjects(own ?? client, kind, { clock, signal, namespace, labelSelector, onError }),
      });
      this.#informers.set(groupKindOf(kind), informer);
    }
  }

  /** The informer of a kind that the side is watched for. */
  of<T extends KubeObject>(kind: Kind<T>): Informer<T> {
    const informer = this.#informers.get(groupKindOf(kind));
    if (informer === undefined) throw new Error(`Syncer: nothing watches ${groupKindOf(kind)}; declare it`);
    // It was made for this kind, so its objects are of the kind's type.
    return informer as unknown as Informer<T>;
  }

  /** True if the side is watched for the kind. */
  has(kind: Kind): boolean {
    return this.#informers.has(groupKindOf(kind));
  }

  get<T extends KubeObject>(kind: Kind<T>, ref: ObjectRef): T | undefined {
    return this.has(kind) ? this.of(kind).store.get(ref) : undefined;
  }

  list<T extends KubeObject>(kind: Kind<T>, namespace?: string): readonly T[] {
    return this.has(kind) ? this.of(kind).store.list(namespace) : [];
  }

  onChange<T extends KubeObject>(kind: Kind<T>, handler: (change: Change<T>) => void): void {
    if (this.has(kind)) this.of(kind).subscribe(handler);
  }

  /** Resolves when every store has been filled once. */
  async start(): Promise<void> {
    for (const informer of this.#informers.values()) informer.start();
    await Promise.all([...this.#informers.values()].map(({ synced }) => synced));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.stop()));
  }
}
