import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createAuthority, issue } from '../../src/pki/certificate.ts';
import {
  bytesOf,
  decodeMessage,
  encodeMessage,
  numberOf,
  type ReadField,
} from '../../src/planes/store/etcd-wire.ts';
import type { GrpcTarget } from '../../src/planes/store/grpc-call.ts';

/** An etcd in memory that answers the calls planes make, as etcd does; real sockets, real TLS. */
export interface MemoryEtcd {
  readonly target: GrpcTarget;
  /** What it holds now. */
  readonly values: ReadonlyMap<string, Held>;
  /** As another client would. */
  put(key: string, value: string): void;
  /** Called before each call is answered, with its name; what it throws is what the caller gets. */
  before: (method: string) => void;
  /** Operations of each transaction that was done. */
  readonly transactions: number[];
  readonly raised: number[];
  close(): Promise<void>;
}

interface Held {
  readonly value: Buffer;
  readonly revision: number;
  readonly lease: bigint;
}

interface State {
  revision: number;
  readonly values: Map<string, Held>;
  /** All of each revision, to read as of then. */
  readonly history: Map<number, ReadonlyMap<string, Held>>;
  readonly transactions: number[];
  readonly raised: number[];
}

/** Starts one. */
export async function startMemoryEtcd(): Promise<MemoryEtcd> {
  const notBefore = Date.now() - 60_000;
  const ca = await createAuthority({ commonName: 'etcd-ca', notBefore, days: 1 });
  const leaf = await issue(ca, {
    commonName: 'localhost',
    dnsNames: ['localhost'],
    usages: ['server', 'client'],
    notBefore,
    days: 1,
  });
  const state: State = { revision: 1, values: new Map(), history: new Map(), transactions: [], raised: [] };
  const server = createSecureServer({ ...leaf, ca: ca.cert, requestCert: true, rejectUnauthorized: true });
  const etcd = { before: (_method: string): void => undefined };
  server.on('stream', (stream, headers) => void serve(stream, String(headers[':path'])));
  const serve = async (stream: ServerHttp2Stream, path: string): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer); // true: nobody set an encoding
    const method = path.replace('/etcdserverpb.', '');
    const answer = (trailers: Record<string, string>, body?: Buffer): void => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      stream.end(body);
    };
    try {
      etcd.before(method);
      const body = answerTo(state, method, decodeMessage(Buffer.concat(chunks).subarray(5)));
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(body.length, 1);
      answer({ 'grpc-status': '0' }, Buffer.concat([prefix, body]));
    } catch (error) {
      answer({ 'grpc-status': '14', 'grpc-message': encodeURIComponent(String(error)) });
    }
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // true: it listens on a port
  return Object.assign(etcd, {
    target: { host: 'localhost', port, ca: ca.cert, ...leaf },
    values: state.values,
    transactions: state.transactions,
    raised: state.raised,
    put: (key: string, value: string) => write(state, [[key, Buffer.from(value), 0n]]),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}

type Write = readonly [key: string, value: Buffer | undefined, lease: bigint];

function write(state: State, writes: readonly Write[]): void {
  state.history.set(state.revision, new Map(state.values));
  state.revision += 1;
  for (const [key, value, lease] of writes)
    if (value === undefined) state.values.delete(key);
    else state.values.set(key, { value, revision: state.revision, lease });
}

function answerTo(state: State, method: string, asked: readonly ReadField[]): Buffer {
  const header = (): Buffer =>
    encodeMessage([
      [2, 7],
      [3, state.revision],
    ]);
  switch (method) {
    case 'KV/Range':
      return range(state, asked, header());
    case 'KV/Txn': {
      const isTrue = bytesOf(asked, 1).every((one) => holds(state, decodeMessage(one)));
      const writes = bytesOf(asked, 2).map((one) => writeOf(decodeMessage(one)));
      if (new Set(writes.map(([key]) => key)).size < writes.length)
        throw new Error('duplicate key given in txn');
      if (isTrue && writes.length > 0) {
        write(state, writes);
        state.transactions.push(writes.length);
      }
      return encodeMessage([
        [1, header()],
        [2, isTrue],
      ]);
    }
    case 'KV/DeleteRange': {
      const [from, end] = [1, 2].map((field) => bytesOf(asked, field)[0]?.toString() ?? '');
      const gone = [...state.values.keys()].filter((key) => key >= (from ?? '') && key < (end ?? ''));
      write(
        state,
        gone.map((key) => [key, undefined, 0n]),
      );
      return encodeMessage([[1, header()]]);
    }
    case 'Lease/LeaseGrant':
      return encodeMessage([
        [1, header()],
        [2, 77],
      ]);
    case 'Maintenance/Status':
      return encodeMessage([
        [1, header()],
        [3, 4096],
        [4, 7],
        [9, 2048],
      ]);
    case 'Maintenance/Alarm':
      return encodeMessage(state.raised.map((alarm) => [2, encodeMessage([[2, alarm]])] as const));
    default:
      throw new Error(`${method} is not known here`);
  }
}

function range(state: State, asked: readonly ReadField[], header: Buffer): Buffer {
  const text = (field: number): string => bytesOf(asked, field)[0]?.toString() ?? '';
  const [limit, revision] = [numberOf(asked, 3), numberOf(asked, 4)];
  const values = revision === 0 ? state.values : (state.history.get(revision) ?? state.values);
  const found = [...values]
    .filter(([key]) => key >= text(1) && key < text(2))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const page = limit === 0 ? found : found.slice(0, limit);
  return encodeMessage([
    [1, header],
    ...page.map(([key, { value, lease, revision: at }]) => [2, entry(key, value, lease, at)] as const),
    [3, page.length < found.length],
    [4, found.length],
  ]);
}

const entry = (key: string, value: Buffer, lease: bigint, revision: number): Buffer =>
  encodeMessage([
    [1, key],
    [3, revision],
    [5, value],
    [6, lease],
  ]);

/** Whether no key of the range was written at or after the revision that is asked about. */
function holds(state: State, compare: readonly ReadField[]): boolean {
  const [from, end] = [3, 64].map((field) => bytesOf(compare, field)[0]?.toString() ?? '');
  const below = numberOf(compare, 6);
  return [...state.values].every(
    ([key, { revision }]) => key < (from ?? '') || key >= (end ?? '') || revision < below,
  );
}

function writeOf(operation: readonly ReadField[]): Write {
  const [put] = bytesOf(operation, 2);
  const fields = decodeMessage(put ?? bytesOf(operation, 3)[0] ?? Buffer.alloc(0));
  const key = bytesOf(fields, 1)[0]?.toString() ?? '';
  if (put === undefined) return [key, undefined, 0n];
  return [key, bytesOf(fields, 2)[0] ?? Buffer.alloc(0), BigInt(numberOf(fields, 3))];
}
