import { OPERATOR_NAME } from '../api/names.ts';
import type { Client, Reader } from '../client/client.ts';
import type { PacketResults, Tried } from '../features/isolation/judge-packets.ts';
import { DEPLOYMENT, POD, SERVICE } from '../kube/builtin-kinds.ts';
import { isKubeError } from '../kube/kube-error.ts';
import type { Clock } from '../lib/clock.ts';
import { UserError } from './cli-io.ts';
import { runProbe } from './probe-pod.ts';

interface Surroundings {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Addresses tried at most: each says the same. */
const MAX_ADDRESSES = 4;
/** Milliseconds for one connection; a packet that is dropped is never answered. */
const PATIENCE_MS = 3000;
/** Name of the pods that send; they are gone before the command ends. */
const PROBE = 'tenantry-probe-packets';

interface Between {
  readonly target: string;
  readonly operatorNamespace: string;
}

/** Sends packets to the instance and to the API server: from a pod of the instance's namespace, and from one of the operator's. */
export async function sendPackets(around: Surroundings, between: Between): Promise<PacketResults> {
  try {
    return await sendBetween(around, between);
  } catch (error) {
    if (!isKubeError(error, 'Forbidden', 'NotFound')) throw error;
    return { own: [], apiServer: '', inside: error.message, outside: error.message };
  }
}

async function sendBetween(
  around: Surroundings,
  { target, operatorNamespace }: Between,
): Promise<PacketResults> {
  const { client } = around;
  const own = await addressesOf(client, target);
  const api = await client.get(SERVICE, { namespace: 'default', name: 'kubernetes' });
  const apiServer = `${api.spec?.clusterIP ?? ''} ${api.spec?.ports?.[0]?.port ?? 443}`;
  const operator = await client.get(DEPLOYMENT, { namespace: operatorNamespace, name: OPERATOR_NAME });
  const image = operator.spec?.template.spec?.containers[0]?.image ?? '';
  const send = (namespace: string): Promise<Tried> =>
    tryFrom(around, { namespace, image, addresses: [...own, apiServer] });
  const [inside, outside] = await Promise.all([send(target), send(operatorNamespace)]);
  return { own, apiServer, inside, outside };
}

/** `address port` of what listens in a namespace: its Services, and the ports that its pods name. */
async function addressesOf(reader: Reader, namespace: string): Promise<readonly string[]> {
  const [services, pods] = await Promise.all([
    reader.list(SERVICE, { namespace }),
    reader.list(POD, { namespace }),
  ]);
  const ofServices = services.items.flatMap(({ spec }) =>
    spec?.clusterIP === undefined || spec.clusterIP === 'None'
      ? []
      : (spec.ports ?? []).filter(isTcp).map(({ port }) => `${spec.clusterIP} ${port}`),
  );
  const ofPods = pods.items.flatMap(({ spec, status }) =>
    status?.podIP === undefined
      ? []
      : (spec?.containers ?? [])
          .flatMap(({ ports }) => ports ?? [])
          .filter(isTcp)
          .map(({ containerPort }) => `${status.podIP} ${containerPort}`),
  );
  return [...new Set([...ofPods, ...ofServices])].slice(0, MAX_ADDRESSES);
}

const isTcp = ({ protocol }: { readonly protocol?: string }): boolean => (protocol ?? 'TCP') === 'TCP';

/** Connects to each address, and prints those that answered. */
const SCRIPT = `const { connect } = require('node:net');
Promise.all(process.argv.slice(1).map((address) => new Promise((resolve) => {
  const [host, port] = address.split(' ');
  const socket = connect({ host, port: Number(port), timeout: ${PATIENCE_MS} });
  const end = (reached) => { socket.destroy(); resolve([address, reached]); };
  socket.on('connect', () => end(true)).on('error', () => end(false)).on('timeout', () => end(false));
}))).then((all) => console.log(JSON.stringify(Object.fromEntries(all))));`;

async function tryFrom(
  around: Surroundings,
  from: { readonly namespace: string; readonly image: string; readonly addresses: readonly string[] },
): Promise<Tried> {
  const { namespace, image, addresses } = from;
  try {
    const command = ['node', '-e', SCRIPT, ...addresses];
    const { succeeded, output } = await runProbe(around, { name: PROBE, namespace, image, command });
    // What the script above prints.
    return succeeded ? (JSON.parse(output) as Record<string, boolean>) : output.trim();
  } catch (error) {
    if (!isKubeError(error) && !(error instanceof UserError)) throw error;
    return error.message;
  }
}
