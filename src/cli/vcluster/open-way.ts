import { once } from 'node:events';
import { createConnection, type Server } from 'node:net';
import type { JsonObject } from '../../api/json-schema.ts';
import type { VirtualCluster } from '../../api/virtual-cluster.ts';
import type { Client } from '../../client/client.ts';
import { contextAccess } from '../../client/context-access.ts';
import { createClient } from '../../client/http-client.ts';
import { parseKubeconfig } from '../../client/kubeconfig.ts';
import { nodeSurroundings } from '../../client/surroundings.ts';
import { toYaml } from '../../kube/yaml.ts';
import { WrongOption } from '../../lib/wrong-option.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import { keepForward, keptPort } from './background-forward.ts';
import { placeOf, type Host, type VclusterFlags } from './host.ts';
import { openApiServer } from './pod-route.ts';
import { forwardServer } from './serve-forward.ts';
import { atServer, kubeconfigOf, readTenantEntries } from './tenant-kubeconfig.ts';

/** How a virtual cluster is to be reached. */
export interface WayFlags {
  readonly server?: string;
  readonly localPort?: number;
  readonly address?: string;
  readonly pod?: string;
  readonly insecure: boolean;
  readonly backgroundProxy: boolean;
}

/** A way to a virtual cluster that is open. */
export interface Way {
  /** The cluster's entry of a kubeconfig by which it is reached. */
  readonly cluster: JsonObject;
  /** Whether it ends with this program. */
  readonly needsUs: boolean;
  /** Its administrator. The caller closes it. */
  readonly client: () => Promise<Client>;
  readonly close: () => void;
}

/** Which virtual cluster a way leads to. */
export interface WayTarget {
  readonly host: Host;
  readonly cluster: VirtualCluster;
  /** Name of the context that is made for it. */
  readonly context: string;
  /** The cluster's entry of the kubeconfig in its Secret. */
  readonly entry: JsonObject;
}

const LOOPBACK = '127.0.0.1';
/** The name in its certificate for who comes by a forwarded port. */
const LOCAL_NAME = 'localhost';
/** Milliseconds until an address counts as out of reach from here. */
const PROBE_MS = 2000;

/** Opens a way: the address that was given, the one of its own if it can be reached from here, else a forwarded port. */
export async function openWay(io: CliIo, target: WayTarget, flags: WayFlags & VclusterFlags): Promise<Way> {
  const { insecure, server } = flags;
  const { entry } = target;
  const isForced =
    flags.localPort !== undefined ||
    flags.address !== undefined ||
    flags.pod !== undefined ||
    flags.backgroundProxy;
  if (server !== undefined)
    return direct(io, target, atServer(entry, urlOf(server), { insecure, ...nameOf(entry) }));
  const own = typeof entry['server'] === 'string' ? entry['server'] : '';
  if (!isForced && !isLocal(own) && (await answers(own)))
    return direct(io, target, atServer(entry, own, { insecure, ...nameOf(entry) }));
  const { port, needsUs, close } = await forward(io, target, flags, isForced);
  const at = flags.address === undefined ? LOCAL_NAME : flags.address;
  const local = at === LOCAL_NAME ? {} : { tlsServerName: LOCAL_NAME };
  const cluster = atServer(entry, `https://${at.includes(':') ? `[${at}]` : at}:${port}`, {
    insecure,
    ...local,
  });
  return { cluster, needsUs, client: () => adminOf(io, target, cluster), close };
}

interface Forwarded {
  readonly port: number;
  readonly needsUs: boolean;
  readonly close: () => void;
}

/** What a process in the background serves already is used by everybody who asks for nothing else. */
async function forward(
  io: CliIo,
  target: WayTarget,
  flags: WayFlags & VclusterFlags,
  isForced: boolean,
): Promise<Forwarded> {
  if (flags.backgroundProxy) return keep(io, target, flags);
  const kept = isForced ? undefined : await keptPort(io, target.context);
  if (kept !== undefined) return { port: kept, needsUs: false, close: () => undefined };
  return listen(io, target, flags);
}

function direct(io: CliIo, target: WayTarget, cluster: JsonObject): Way {
  return { cluster, needsUs: false, client: () => adminOf(io, target, cluster), close: () => undefined };
}

const nameOf = (entry: JsonObject): { readonly tlsServerName?: string } => {
  const name = entry['tls-server-name'];
  return typeof name === 'string' ? { tlsServerName: name } : {};
};

async function adminOf(io: CliIo, { host, cluster, context }: WayTarget, entry: JsonObject): Promise<Client> {
  const { user } = await readTenantEntries(host, cluster);
  const text = toYaml(kubeconfigOf(context, { cluster: entry, user }));
  const access = await contextAccess(parseKubeconfig(text, context), {}, nodeSurroundings(io));
  return createClient(access, { clock: io.clock, userAgent: 'tenantry-cli' });
}

/** A port of this machine, served by this program. */
async function listen(
  io: CliIo,
  { host, cluster }: WayTarget,
  { localPort = 0, address = LOOPBACK, pod }: WayFlags,
): Promise<Forwarded> {
  const stop = new AbortController();
  const server = forwardServer({
    signal: AbortSignal.any([io.signal, stop.signal]),
    open: (signal) => openApiServer(host, cluster, { pod, signal }),
    clock: io.clock,
    tell: (text) => io.err(`${text}\n`),
  });
  const port = await listenAt(server, localPort, address);
  return { port, needsUs: true, close: () => stop.abort() };
}

async function listenAt(server: Server, port: number, address: string): Promise<number> {
  try {
    await once(server.listen({ port, host: address }), 'listening');
  } catch (error) {
    throw new UserError(
      `port ${port} of ${address} can't be used: ${error instanceof Error ? error.message : String(error)}`,
      'Choose another by --local-port and --address, or leave them out.',
      { cause: error },
    );
  }
  const at = server.address();
  return typeof at === 'object' && at !== null ? at.port : port;
}

/** A port that a process in the background serves. */
async function keep(
  io: CliIo,
  { host, cluster, context }: WayTarget,
  { address, localPort = 0, pod, kubeconfig }: WayFlags & VclusterFlags,
): Promise<Forwarded> {
  if (address !== undefined || pod !== undefined)
    throw new WrongOption('--address and --pod do not go with --background-proxy', 'Leave one of them out.');
  const { name, namespace } = placeOf(cluster);
  const words = [
    name,
    `--namespace=${namespace}`,
    ...(host.context === '' ? [] : [`--context=${host.context}`]),
    ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]),
  ];
  const port = await keepForward(io, { context, port: localPort, words });
  return { port, needsUs: false, close: () => undefined };
}

function urlOf(server: string): string {
  const url = /^https?:\/\//.test(server) ? server : `https://${server}`;
  if (!URL.canParse(url)) throw new WrongOption(`--server is "${server}"`, 'Write it as https://HOST:PORT.');
  return url;
}

function isLocal(url: string): boolean {
  return !URL.canParse(url) || [LOCAL_NAME, LOOPBACK].includes(new URL(url).hostname);
}

/** Whether somebody takes connections there. */
async function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = createConnection({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(PROBE_MS) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
