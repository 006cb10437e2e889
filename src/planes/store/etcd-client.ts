import {
  bytesOf,
  decodeMessage,
  encodeMessage,
  numberOf,
  type ReadField,
  type WireField,
} from './etcd-wire.ts';
import { connectGrpc, type GrpcTarget } from './grpc-call.ts';

/** One key and what it holds. */
export interface EtcdEntry {
  readonly key: string;
  readonly value: Buffer;
  /** Goes by itself after a time. */
  readonly leased: boolean;
}

/** A page of keys, all as of one revision. */
export interface EtcdPage {
  readonly entries: readonly EtcdEntry[];
  readonly revision: number;
  /** How many keys there are from its first one on. */
  readonly count: number;
  readonly more: boolean;
}

/** One change of a key. */
export type EtcdChange =
  { readonly put: string; readonly value: Uint8Array; readonly lease?: bigint } | { readonly delete: string };

/** What one member says of itself. */
export interface EtcdStatus {
  readonly bytes: number;
  readonly bytesInUse: number;
  readonly isLeader: boolean;
}

/** Calls of etcd's API that planes need. Each throws KubeError. */
export interface EtcdClient {
  /** Keys of [from, end) as of a revision; 0 is now. */
  range(
    from: string,
    end: string,
    how: { limit: number; revision: number; countOnly?: boolean },
  ): Promise<EtcdPage>;
  /**
   * Makes all changes at once, at one revision; not if a key of [range.from, range.end) was written after range.revision.
   * Answers the revision, or undefined if it did not.
   */
  change(changes: readonly EtcdChange[], unless?: EtcdRange): Promise<number | undefined>;
  /** Takes all keys of [from, end) away. */
  deleteRange(from: string, end: string): Promise<void>;
  /** Keys with this lease go after so many seconds. */
  lease(seconds: number): Promise<bigint>;
  compact(revision: number): Promise<void>;
  status(): Promise<EtcdStatus>;
  /** Gives space back to the disk; the member stands still meanwhile. */
  defragment(): Promise<void>;
  /** Names of alarms that are raised. */
  alarms(): Promise<readonly EtcdAlarm[]>;
  /** Has writes refused no longer for want of space. */
  disarm(): Promise<void>;
  close(): void;
}

/** What etcd complains of. */
export type EtcdAlarm = 'NOSPACE' | 'CORRUPT';

export interface EtcdRange {
  readonly from: string;
  readonly end: string;
  readonly revision: number;
}

const ALARMS = ['NONE', 'NOSPACE', 'CORRUPT'] as const;
const DEACTIVATE = 2;
const LESS = 2;
const BY_MOD_REVISION = 2;

/** Connects to a member. Throws KubeError. */
export async function connectEtcd(target: GrpcTarget): Promise<EtcdClient> {
  const connection = await connectGrpc(target);
  const call = async (method: string, fields: readonly WireField[]): Promise<readonly ReadField[]> =>
    decodeMessage(await connection.call(method, encodeMessage(fields)));
  return {
    range: async (from, end, { limit, revision, countOnly = false }) =>
      pageOf(
        await call('KV/Range', [
          [1, from],
          [2, end],
          [3, limit],
          [4, revision],
          [9, countOnly],
        ]),
      ),
    change: async (changes, unless) => {
      const answer = await call('KV/Txn', [
        ...(unless === undefined ? [] : [[1, guard(unless)] as const]),
        ...changes.map((change) => [2, operation(change)] as const),
      ]);
      return numberOf(answer, 2) === 1 ? revisionOf(answer) : undefined;
    },
    deleteRange: async (from, end) =>
      void (await call('KV/DeleteRange', [
        [1, from],
        [2, end],
      ])),
    lease: async (seconds) => {
      const granted = await call('Lease/LeaseGrant', [[1, seconds]]);
      const id = granted.find(({ field }) => field === 2)?.value;
      return typeof id === 'bigint' ? id : 0n;
    },
    compact: async (revision) => void (await call('KV/Compact', [[1, revision]])),
    status: async () => statusOf(await call('Maintenance/Status', [])),
    defragment: async () => void (await call('Maintenance/Defragment', [])),
    alarms: async () => alarmsOf(await call('Maintenance/Alarm', [])),
    disarm: async () => {
      for (const alarm of bytesOf(await call('Maintenance/Alarm', []), 2)) {
        const raised = decodeMessage(alarm);
        if (numberOf(raised, 2) !== ALARMS.indexOf('NOSPACE')) continue;
        const member = raised.find(({ field }) => field === 1)?.value ?? 0n;
        await call('Maintenance/Alarm', [
          [1, DEACTIVATE],
          [2, member],
          [3, ALARMS.indexOf('NOSPACE')],
        ]);
      }
    },
    close: () => connection.close(),
  };
}

function operation(change: EtcdChange): Buffer {
  if ('delete' in change) return encodeMessage([[3, encodeMessage([[1, change.delete]])]]);
  return encodeMessage([
    [
      2,
      encodeMessage([
        [1, change.put],
        [2, change.value],
        [3, change.lease ?? 0n],
      ]),
    ],
  ]);
}

/** True while no key of the range was written after the revision. */
function guard({ from, end, revision }: EtcdRange): Buffer {
  return encodeMessage([
    [1, LESS],
    [2, BY_MOD_REVISION],
    [3, from],
    [6, revision + 1],
    [64, end],
  ]);
}

function pageOf(answer: readonly ReadField[]): EtcdPage {
  const entries = bytesOf(answer, 2).map((one): EtcdEntry => {
    const fields = decodeMessage(one);
    return {
      key: (bytesOf(fields, 1)[0] ?? Buffer.alloc(0)).toString('utf8'),
      value: bytesOf(fields, 5)[0] ?? Buffer.alloc(0),
      leased: numberOf(fields, 6) !== 0,
    };
  });
  return {
    entries,
    revision: revisionOf(answer),
    more: numberOf(answer, 3) === 1,
    count: numberOf(answer, 4),
  };
}

function alarmsOf(answer: readonly ReadField[]): readonly EtcdAlarm[] {
  return bytesOf(answer, 2).flatMap((one) => {
    const name = ALARMS[numberOf(decodeMessage(one), 2)] ?? 'NONE';
    return name === 'NONE' ? [] : [name];
  });
}

function statusOf(answer: readonly ReadField[]): EtcdStatus {
  const header = decodeMessage(bytesOf(answer, 1)[0] ?? Buffer.alloc(0));
  const member = header.find(({ field }) => field === 2)?.value;
  const leader = answer.find(({ field }) => field === 4)?.value;
  return {
    bytes: numberOf(answer, 3),
    bytesInUse: numberOf(answer, 9),
    isLeader: member !== undefined && member === leader,
  };
}

function revisionOf(answer: readonly ReadField[]): number {
  return numberOf(decodeMessage(bytesOf(answer, 1)[0] ?? Buffer.alloc(0)), 3);
}
