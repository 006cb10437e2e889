import type { DatabaseServer } from './database.ts';

/** How the etcd of somebody's is reached. */
export interface EtcdServer {
  readonly endpoints: readonly { readonly host: string; readonly port: number }[];
  /** Authority that its certificates are checked against, PEM. */
  readonly ca: string;
  /** What its clients show, PEM. */
  readonly cert: string;
  readonly key: string;
}

/** A server that has the stores of several planes. */
export type StoreServer =
  | ({ readonly kind: 'postgres' } & DatabaseServer)
  | ({
      readonly kind: 'etcd';
      /** What the keys of all planes begin with. */
      readonly prefix: string;
    } & EtcdServer);

/** What the keys of one plane begin with: its UID, so that a plane that took another one's name never sees its objects. */
export function prefixOf({ prefix }: Extract<StoreServer, { kind: 'etcd' }>, uid: string): string {
  return `${prefix}/${uid}`;
}
