import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { namespaceOfPlane, type ControlPlane } from '../../api/control-plane.ts';
import type { ClusterAccess } from '../../client/access.ts';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/http-client.ts';
import { openPodPort } from '../../client/port-forward.ts';
import { POD } from '../../kube/builtin-kinds.ts';
import { API_SERVER, API_SERVER_PORT, serviceHost } from '../../planes/plane-names.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import type { Hosting } from './hosting-connection.ts';

/**
 * Does something with a plane as its administrator, by a port of its API server's pod: whether its address is reached from here or not.
 * `access` is what its kubeconfig says.
 */
export async function withPlaneClient<T>(
  io: CliIo,
  hosting: Hosting,
  plane: ControlPlane,
  { access, work }: { readonly access: ClusterAccess; readonly work: (client: Client) => Promise<T> },
): Promise<T> {
  const namespace = namespaceOfPlane(plane);
  const pod = await runningPod(hosting, plane);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    // Whoever dials sees an end, and tries again.
    const end = (): void => void socket.destroy();
    socket.on('error', end);
    openPodPort(hosting.access, { namespace, pod, port: API_SERVER_PORT }, io.signal).then((stream) => {
      stream.on('error', end).on('close', end);
      socket.on('close', () => stream.destroy());
      socket.pipe(stream).pipe(socket);
    }, end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const tlsServerName = serviceHost({ name: plane.metadata.name, namespace });
  const client = createClient(
    { ...access, server: `https://127.0.0.1:${port}`, tlsServerName },
    { clock: io.clock, userAgent: 'kflex' },
  );
  try {
    return await work(client);
  } finally {
    await client.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

async function runningPod({ client }: Hosting, plane: ControlPlane): Promise<string> {
  const namespace = namespaceOfPlane(plane);
  const { items } = await client.list(POD, { namespace, labelSelector: `app=${API_SERVER}` });
  const isUp = ({ metadata, status }: (typeof items)[number]): boolean =>
    metadata.deletionTimestamp === undefined &&
    (status?.conditions ?? []).some((one) => one.type === 'Ready' && one.status === 'True');
  const found = items.find(isUp);
  if (found !== undefined) return found.metadata.name;
  const { name } = plane.metadata;
  throw new UserError(
    `no API server of control plane ${name} runs`,
    `\`kubectl describe controlplane ${name}\` says what it waits for.`,
  );
}
