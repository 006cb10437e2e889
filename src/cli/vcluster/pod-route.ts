import type { Duplex } from 'node:stream';
import type { VirtualCluster } from '../../api/virtual-cluster.ts';
import { openPodPort } from '../../client/port-forward.ts';
import { POD, SERVICE } from '../../kube/builtin-kinds.ts';
import { UserError } from '../cli-io.ts';
import { placeOf, type Host } from './host.ts';

/** The port of the Service by which a virtual cluster's API server is reached; no other Service there has it and pods behind it. */
const SERVICE_PORT = 443;

/** What is needed to reach a virtual cluster's API server; the client asks as who may forward ports there. */
export type RouteHost = Pick<Host, 'client' | 'access'>;

/**
 * A connection to the API server of a virtual cluster, in a pod that is ready now: a pod that went is not missed. Throws UserError where there
 * is none, KubeError where it can't be reached.
 */
export async function openApiServer(
  { client, access }: RouteHost,
  cluster: VirtualCluster,
  options: { readonly pod?: string | undefined; readonly signal?: AbortSignal | undefined },
): Promise<Duplex> {
  const { name } = placeOf(cluster);
  const namespace = cluster.status?.planeNamespace;
  const services = namespace === undefined ? [] : (await client.list(SERVICE, { namespace })).items;
  const leads = services.flatMap(({ spec }) => {
    const target = spec?.ports?.find(({ port }) => port === SERVICE_PORT)?.targetPort;
    return spec?.selector === undefined || typeof target !== 'number'
      ? []
      : [{ selector: spec.selector, target }];
  });
  const [lead] = leads;
  if (namespace === undefined || lead === undefined)
    throw new UserError(`virtual cluster ${name} has no API server yet`, '`vcluster list` shows its state.');
  const { selector, target } = lead;
  const labelSelector = Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const { items } = await client.list(POD, { namespace, labelSelector });
  const ready = items.filter(
    ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined &&
      status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'),
  );
  const { pod } = options;
  const chosen = pod === undefined ? ready[0] : ready.find(({ metadata }) => metadata.name === pod);
  if (chosen === undefined)
    throw new UserError(
      pod === undefined
        ? `no API server of virtual cluster ${name} is ready`
        : `pod ${pod} is no API server that is ready`,
      `Look at them: \`kubectl get pods -n ${namespace}\`.`,
    );
  return openPodPort(access, { namespace, pod: chosen.metadata.name, port: target }, options.signal);
}
