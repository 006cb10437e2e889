/** One object of a plane as its store keeps it: the very bytes, with the UID and everything else that the API server wrote. */
export interface KeptObject {
  readonly key: string;
  readonly value: Buffer;
  /** Goes by itself after a time, as events do. */
  readonly leased: boolean;
}

/** Everything that a store held at one moment. */
export interface Reading {
  /** The resourceVersion of that moment. */
  readonly revision: number;
  readonly pages: AsyncIterable<readonly KeptObject[]>;
}

/** What a restore did. */
export interface Restored {
  readonly written: number;
  readonly deleted: number;
  /** resourceVersion of the last change. */
  readonly revision: number;
}

/** The store of one plane, past its API server. Calls throw KubeError. */
export interface KeptStore {
  /** Reads nothing that is written meanwhile, and holds nobody up. */
  read(): Promise<Reading>;
  /**
   * Has the store hold these objects and no others, but for those that belong to the plane itself (`isPlanesOwn`). What is as wanted is not
   * written. Everything is an ordinary write of the store, so resourceVersions go on upwards and watches tell of it.
   */
  restore(objects: readonly KeptObject[]): Promise<Restored>;
  close(): Promise<void>;
}

/** Where Kubernetes keeps its objects in its store, and the key after the last of them. */
export const KEY_FROM = '/registry/';
export const KEY_END = '/registry0';
/** How long what goes by itself stays after a restore: what an API server gives events. */
export const LEASE_SECONDS = 3600;

/**
 * What says something of the plane's own programs and not of its tenant: who leads, which servers there are, whom they trust. A snapshot
 * that brought it along would take the lead from who has it.
 */
export const PLANES_OWN: readonly string[] = [
  '/registry/health',
  '/registry/masterleases/',
  '/registry/leases/kube-system/',
  '/registry/configmaps/kube-system/extension-apiserver-authentication',
];

/** Whether a key is one of those. */
export function isPlanesOwn(key: string): boolean {
  return PLANES_OWN.some((prefix) => key.startsWith(prefix));
}
