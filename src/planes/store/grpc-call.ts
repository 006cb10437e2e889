import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { KubeError } from '../../kube/kube-error.ts';
import { messageOf } from '../../lib/error-text.ts';

/** Where a gRPC server is and how it is talked to. */
export interface GrpcTarget {
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** A connection that is there already, to a port that was forwarded. */
  readonly through?: () => Promise<Duplex>;
}

const PREFIX_BYTES = 5;
const CONNECT_TIMEOUT_MS = 5_000;
/** A server that takes longer for one answer is away. */
const CALL_TIMEOUT_MS = 30_000;
/** What an answer may be: a page of the largest objects. */
const MAX_ANSWER_BYTES = 256 * 1024 ** 2;
/** Bytes that may be on their way at once: fewer would wait for each other's receipts. */
const WINDOW_BYTES = 16 * 1024 ** 2;

/** A connection to a gRPC server, for calls that have one question and one answer. */
export interface GrpcConnection {
  /** Answers the message. Throws KubeError. */
  call(method: string, message: Buffer): Promise<Buffer>;
  close(): void;
}

/** Connects. Throws KubeError. */
export async function connectGrpc(target: GrpcTarget): Promise<GrpcConnection> {
  const { host, port, ca, cert, key } = target;
  const what = `etcd at ${host}:${port}`;
  const forwarded = await target.through?.();
  const socket = connectTls({
    ...(forwarded === undefined ? { host, port } : { socket: forwarded }),
    // An address is no name; the certificate is checked against it all the same.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ['h2'],
    ca,
    cert,
    key,
  });
  const session = connect(`https://${host}:${port}`, {
    createConnection: () => socket,
    settings: { initialWindowSize: WINDOW_BYTES },
  });
  const refused = (error: unknown): KubeError =>
    new KubeError('ServiceUnavailable', `${what}: ${messageOf(error)}`, { cause: error });
  // Between calls an error is told by the next one.
  session.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => {
      session.destroy();
      reject(refused(new Error('it does not answer')));
    }, CONNECT_TIMEOUT_MS);
    session.once('connect', () => {
      clearTimeout(late);
      session.setLocalWindowSize(WINDOW_BYTES);
      resolve();
    });
    for (const from of [session, socket])
      from.once('error', (error: Error) => {
        clearTimeout(late);
        session.destroy();
        reject(refused(error));
      });
  });
  return {
    call: (method, message) =>
      unary(session, method, message).catch((error: unknown) => {
        throw refused(error);
      }),
    close: () => session.destroy(),
  };
}

function unary(session: ClientHttp2Session, method: string, message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: `/etcdserverpb.${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    let size = 0;
    let problem: Error | undefined;
    const look = (headers: IncomingHttpHeaders): void => {
      const { 'grpc-status': status, 'grpc-message': text } = headers;
      if (status === undefined || status === '0') return;
      problem = new Error(
        typeof text === 'string' ? decodeURIComponent(text) : `gRPC status ${String(status)}`,
      );
    };
    stream.setTimeout(CALL_TIMEOUT_MS, () => stream.destroy(new Error(`${method} takes too long`)));
    stream.on('response', look);
    stream.on('trailers', look);
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) stream.destroy(new Error(`${method} answers too much`));
    });
    stream.on('error', reject);
    stream.on('close', () => {
      if (problem !== undefined) reject(problem);
      else if (size < PREFIX_BYTES) reject(new Error('the connection was lost'));
      else resolve(Buffer.concat(chunks).subarray(PREFIX_BYTES));
    });
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([prefix, message]));
  });
}
