import type { Instance } from '../api/instance.ts';
import type { Client } from '../client/client.ts';
import {
  DEPLOYMENT,
  NODE,
  POD,
  RESOURCE_QUOTA,
  SERVICE,
  type Pod,
  type Service,
} from '../kube/builtin-kinds.ts';
import { isKubeError } from '../kube/kube-error.ts';
import type { Clock } from '../lib/clock.ts';
import { UserError } from './cli-io.ts';
import { pageTitle, plainQuotes } from './page-title.ts';
import { runProbe } from './probe-pod.ts';

/** What a demonstration needs. */
export interface ShowContext {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly reach: ((host: string, port: number) => Promise<string>) | undefined;
}

/** What was seen, in a few words. */
export interface Shown {
  readonly detail: string;
}

const DATABASE_SERVICE = 'wordpress-mysql';
const DATABASE_PORT = 3306;
/** Tries to fetch a page: node ports are programmed a moment after a pod is ready. */
const PAGE_TRIES = 20;
const PAGE_RETRY_MS = 250;
const PAGE_TIMEOUT_MS = 10_000;

/** Fetches the site and compares its title with the instance's. The detail begins with the URL. */
export async function showSite(context: ShowContext, instance: Instance): Promise<Shown> {
  const namespace = namespaceOf(instance);
  const service = await context.client.get(SERVICE, { namespace, name: instance.metadata.name });
  const { url, fetchPage } = await wayTo(context, service);
  const title = instance.spec?.['title'];
  const wanted = typeof title === 'string' ? title : '';
  const found = pageTitle(await retried(context, fetchPage));
  if (plainQuotes(found) !== plainQuotes(wanted))
    throw new UserError(
      `${url} says "${found}", not "${wanted}"`,
      `Look at \`kubectl logs -n ${namespace} deploy/${instance.metadata.name}\`.`,
    );
  return { detail: `${url} “${found}”` };
}

/** The URL of a Service and how to fetch it: from this shell where the site says how, else through the API server. */
async function wayTo(
  context: ShowContext,
  service: Service,
): Promise<{ url: string; fetchPage: () => Promise<string> }> {
  const { reach, client, signal } = context;
  const { namespace = '', name } = service.metadata;
  if (reach === undefined) {
    const path = `/api/v1/namespaces/${namespace}/services/http:${name}:${service.spec?.ports?.[0]?.port ?? 80}/proxy/`;
    return { url: path, fetchPage: async () => (await client.raw({ method: 'GET', path, signal })).text };
  }
  const { host, port } = await addressOf(client, service);
  const url = await reach(host, port);
  const fetchPage = async (): Promise<string> => {
    const answer = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(PAGE_TIMEOUT_MS)]),
    });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    return answer.text();
  };
  return { url, fetchPage };
}

/** Where a Service is reached from outside the pods' network: its load balancer, a node's port, or its own address. */
async function addressOf(client: Client, { spec, status }: Service): Promise<{ host: string; port: number }> {
  const port = spec?.ports?.[0];
  const balancer = status?.loadBalancer?.ingress?.[0]?.ip;
  if (balancer !== undefined) return { host: balancer, port: port?.port ?? 80 };
  if (port?.nodePort !== undefined) {
    const node = (await client.list(NODE)).items[0];
    const host = node?.status?.addresses?.find((address) => address.type === 'InternalIP')?.address;
    if (host !== undefined) return { host, port: port.nodePort };
  }
  return { host: spec?.clusterIP ?? '', port: port?.port ?? 80 };
}

async function retried({ clock, signal }: ShowContext, work: () => Promise<string>): Promise<string> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === PAGE_TRIES || signal.aborted) throw error;
      await clock.sleep(PAGE_RETRY_MS, signal);
    }
  }
}

/** Connects from a pod of one instance to the database of another and fails unless that ends as it should. */
export async function showIsolation(
  context: ShowContext,
  from: Instance,
  to: Instance,
  wanted: 'reached' | 'blocked',
): Promise<Shown> {
  const { client } = context;
  const database = await client.get(SERVICE, { namespace: namespaceOf(to), name: DATABASE_SERVICE });
  // By address, so that it is the connection that is refused and not a name that can't be resolved.
  const host = database.spec?.clusterIP ?? '';
  const site = await client.get(DEPLOYMENT, { namespace: namespaceOf(from), name: from.metadata.name });
  const image = site.spec?.template.spec?.containers[0]?.image ?? '';
  const connect = `$s = @fsockopen('${host}', ${DATABASE_PORT}, $code, $text, 4); echo $s ? 'connected' : $text; exit($s ? 0 : 1);`;
  const ended = await runProbe(context, {
    name: `tenantry-probe-${wanted}`,
    namespace: namespaceOf(from),
    image,
    command: ['php', '-r', connect],
  });
  const happened = ended.succeeded ? 'reached' : 'blocked';
  const detail = `${from.metadata.name} → ${host}:${DATABASE_PORT} of ${to.metadata.name}: ${ended.output.trim()}`;
  if (happened !== wanted)
    throw new UserError(
      `${detail}, but it should have been ${wanted}`,
      'Look at the network policies of both namespaces.',
    );
  return { detail };
}

/** Asks for a pod as large as the whole quota and fails unless that is refused. */
export async function showQuota({ client }: ShowContext, instance: Instance): Promise<Shown> {
  const namespace = namespaceOf(instance);
  const quota = (await client.list(RESOURCE_QUOTA, { namespace })).items[0];
  const hard = quota?.spec?.hard ?? {};
  const resources = {
    requests: { cpu: hard['requests.cpu'] ?? '', memory: hard['requests.memory'] ?? '' },
    limits: { cpu: hard['limits.cpu'] ?? '', memory: hard['limits.memory'] ?? '' },
  };
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'one-too-many', namespace },
    spec: { containers: [{ name: 'large', image: 'registry.k8s.io/pause:3.10', resources }] },
  };
  try {
    await client.create(POD, pod);
  } catch (error) {
    if (!isKubeError(error, 'Forbidden') || !error.message.includes('exceeded quota')) throw error;
    return { detail: error.message.slice(error.message.indexOf('exceeded quota')) };
  }
  await client.delete(POD, { namespace, name: 'one-too-many' }, { gracePeriodSeconds: 0 });
  throw new UserError(
    `a pod above the quota was accepted in ${namespace}`,
    `Look at \`kubectl describe quota -n ${namespace}\`.`,
  );
}

function namespaceOf(instance: Instance): string {
  const { namespace } = instance.status ?? {};
  if (namespace === undefined) throw new Error(`${instance.metadata.name} has no namespace in its status`);
  return namespace;
}
