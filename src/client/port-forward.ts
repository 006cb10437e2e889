import { randomBytes } from 'node:crypto';
import { Duplex } from 'node:stream';
import type { ClusterAccess } from './access.ts';
import { openUpgrade } from './upgrade.ts';
import { FrameReader, frameOf, OPCODES } from './websocket-frames.ts';

/** A port of a pod. */
export interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/** The first byte of every message: what the port says, and what is wrong with it. */
const DATA = 0;
const ERROR = 1;
/** Each channel begins with the port in these bytes. */
const PORT_BYTES = 2;
const MASK_BYTES = 4;
const KEY_BYTES = 16;

/**
 * One connection to a port of a pod, by the API server's port-forward. Reading slowly holds the sender back. It breaks with an Error that
 * says what the node said. Throws KubeError where it does not come about.
 */
export async function openPodPort(
  access: ClusterAccess,
  { namespace, pod, port }: PodPort,
  signal?: AbortSignal,
): Promise<Duplex> {
  const socket = await openUpgrade(access, {
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/portforward?ports=${port}`,
    what: `port ${port} of pod ${namespace}/${pod}`,
    headers: {
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(KEY_BYTES).toString('base64'),
      'sec-websocket-protocol': 'v4.channel.k8s.io',
    },
    signal,
  });
  return portStream(socket);
}

/** The port's bytes out of a WebSocket's messages, and into them. */
export function portStream(socket: Duplex): Duplex {
  const reader = new FrameReader();
  let hasEnded = false;
  const toSkip = { [DATA]: PORT_BYTES, [ERROR]: PORT_BYTES };
  const send = (opcode: number, payload: Buffer, done?: (error?: Error | null) => void): unknown =>
    socket.write(frameOf(opcode, payload, randomBytes(MASK_BYTES)), done);
  const stream: Duplex = new Duplex({
    allowHalfOpen: false,
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) =>
      send(OPCODES.binary, Buffer.concat([Buffer.of(DATA), chunk]), done),
    // There is no half-closed port: it ends with the connection.
    final: (done) => done(),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });

  // What came before the end is still read.
  const end = (): void => {
    if (!hasEnded && !stream.destroyed) stream.push(null);
    hasEnded = true;
  };
  const take = (payload: Buffer): void => {
    const channel = payload[0] === ERROR ? ERROR : DATA;
    const body = payload.subarray(1);
    const skipped = Math.min(toSkip[channel], body.length);
    toSkip[channel] -= skipped;
    const rest = body.subarray(skipped);
    if (rest.length === 0) return;
    if (channel === ERROR) stream.destroy(new Error(rest.toString('utf8')));
    else if (!stream.push(rest)) socket.pause();
  };
  socket.on('data', (bytes: Buffer) => {
    try {
      for (const { opcode, payload } of reader.push(bytes)) {
        if (opcode === OPCODES.ping) send(OPCODES.pong, payload);
        else if (opcode === OPCODES.close) end();
        else if (opcode !== OPCODES.pong && !stream.destroyed && !hasEnded) take(payload);
      }
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  });
  socket.on('error', (error) => stream.destroy(error));
  socket.on('end', end);
  socket.on('close', end);
  return stream;
}
