import type { Client } from '../client/client.ts';
import type { Kind, ObjectRef } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Clock } from '../lib/clock.ts';
import type { AdmissionHandler } from './admission.ts';
import type { Controller, Stores, Watch } from './controller.ts';
import type { Log } from './log.ts';
import type { StatusBase } from './plan.ts';

/** Lets go of a watch; `synced` resolves when the store has been filled for the first time. */
export interface WatchHold {
  readonly synced: Promise<void>;
  release(): void;
}

/** Settings of the webhook server. */
export interface WebhookOptions {
  /** 0 takes a free port. */
  readonly port: number;
  readonly host?: string;
  /** Names the API server calls us by: `<service>.<namespace>.svc`. */
  readonly dnsNames: readonly string[];
  /** Secret in the manager's namespace that the replicas share their certificates in. */
  readonly secretName: string;
  /** Webhook configurations that get the CA bundle; those that do not exist are skipped. */
  readonly configurations: readonly { readonly kind: Kind; readonly name: string }[];
}

/** What a manager is made of. */
export interface ManagerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** Unique name of this process (pod name and a random part): holder of the Lease, reporter of events. */
  readonly identity: string;
  /** Namespace of the Lease and of the certificates' Secret. */
  readonly namespace: string;
  /** Absent: there is no other replica, controllers start at once. */
  readonly leaderElection?: { readonly leaseName: string };
  readonly webhooks?: WebhookOptions;
  /** Plain HTTP for /healthz, /readyz and /metrics; absent: none. */
  readonly health?: { readonly port: number; readonly host?: string };
}

/** Starts and stops everything that runs, in order; owns the informers and leadership. */
export interface Manager {
  readonly stores: Stores;
  /** Writes are refused unless this process leads: for what features write outside of plans. */
  readonly client: Client;
  /** Before or while the manager runs. Its informers run in every replica, its work only in the leader. */
  addController<T extends KubeObject, TWorld, TStatus extends StatusBase>(
    controller: Controller<T, TWorld, TStatus>,
  ): void;
  /** Resolves when nothing of it runs any more. Unknown names are no error. */
  removeController(name: string): Promise<void>;
  /** Keeps a kind in the stores although no controller watches it (for admission). */
  ensureWatch(watch: Watch): WatchHold;
  addWebhook(handler: AdmissionHandler): void;
  /** Has the controller look at an object soon; does nothing where it does not run. */
  enqueue(controllerName: string, ref: ObjectRef): void;
  /** Runs until the signal aborts; rejects when leadership is lost (the process then exits and starts afresh). */
  run(signal: AbortSignal): Promise<void>;
}

/** Makes a manager; nothing starts before `run`. */
export function createManager(_options: ManagerOptions): Manager {
  throw new Error('createManager is not written yet');
}
