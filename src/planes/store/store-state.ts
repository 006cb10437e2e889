import type { EtcdAlarm } from './etcd-client.ts';

/** How a plane's store is. */
export interface StoreState {
  /** On the disk. */
  readonly bytes: number;
  readonly objects: number;
  readonly alarms: readonly EtcdAlarm[];
}
