import { CONTROL_PLANE, namespaceOfPlane, type ControlPlane } from '../../api/control-plane.ts';
import { INSTANCE_CLUSTER_ROLE, INSTANCE_UID_LABEL } from '../../api/names.ts';
import type { Client } from '../../client/client.ts';
import { dataAccess } from '../../client/data-access.ts';
import { createDiscovery, type Discovery } from '../../client/discovery.ts';
import { createClient } from '../../client/http-client.ts';
import { ROLE_BINDING, SECRET } from '../../kube/builtin-kinds.ts';
import { apiVersionOf } from '../../kube/kind.ts';
import type { Clock } from '../../lib/clock.ts';
import { createGrantLag } from '../../runtime/grant-lag.ts';
import type { ServiceAccountRef } from '../../runtime/plan.ts';
import { carryOutWrite } from '../../runtime/write.ts';
import { forHosting, forPlane, ownerOf } from './hook-objects.ts';
import { HookError } from './hook-error.ts';
import type { HookPlace } from './make-objects.ts';

/** Name of the account that hooks make their objects as on the hosting cluster; the chart makes it. */
export const HOOKS_ACCOUNT = 'tenantry-hooks';
/** The ClusterRole that the chart makes of what its values grant to hooks beyond `tenantry-instance`. */
const HOOKS_CLUSTER_ROLE = 'tenantry-hooks';

/** What opening places needs. */
export interface PlaceDeps {
  readonly client: Client;
  readonly discovery: Discovery;
  readonly clock: Clock;
  readonly accountsNamespace: string;
}

/** Where hooks of one plane make their objects. */
export interface HookPlaces {
  hosting(hook: string): Promise<HookPlace>;
  plane(hook: string): Promise<HookPlace>;
  close(): Promise<void>;
}

/**
 * The places of one plane for one look. On the hosting cluster everything is done as the hooks' account, which is bound in the plane's
 * namespace; on the plane with the plane's own kubeconfig. Both are opened when they are first needed.
 */
export function openPlaces(plane: ControlPlane, deps: PlaceDeps): HookPlaces {
  const account = { namespace: deps.accountsNamespace, name: HOOKS_ACCOUNT };
  const namespace = namespaceOfPlane(plane);
  let hosting: Promise<Client> | undefined;
  let inside: Promise<{ readonly client: Client; readonly discovery: Discovery }> | undefined;
  const asAccount = (): Promise<Client> => (hosting ??= boundClient(plane, account, deps));
  return {
    hosting: async (hook) => ({
      client: await asAccount(),
      discovery: deps.discovery,
      namespace,
      prepare: (object, kind) => forHosting(object, kind, hook, namespace),
      owner: ownerOf(plane),
    }),
    plane: async (hook) => {
      inside ??= asAccount().then((client) => connectPlane(plane, client, deps.clock));
      return {
        ...(await inside),
        namespace: 'default',
        prepare: (object, kind) => forPlane(object, kind, hook),
      };
    },
    close: async () => {
      await inside?.then(({ client }) => client.close()).catch(() => undefined);
    },
  };
}

/** The hosting cluster as the hooks' account, with its rights in the plane's namespace. */
async function boundClient(
  plane: ControlPlane,
  account: ServiceAccountRef,
  deps: PlaceDeps,
): Promise<Client> {
  const namespace = namespaceOfPlane(plane);
  const lag = createGrantLag(deps.clock);
  const { uid = '' } = plane.metadata;
  for (const role of [INSTANCE_CLUSTER_ROLE, HOOKS_CLUSTER_ROLE]) {
    const name = role === HOOKS_CLUSTER_ROLE ? HOOKS_ACCOUNT : `${HOOKS_ACCOUNT}-instance`;
    if ((await deps.client.find(ROLE_BINDING, { namespace, name })) !== undefined) continue;
    lag.note(
      await carryOutWrite(deps.client, {
        verb: 'own',
        kind: ROLE_BINDING,
        object: bindingOf(name, role, { namespace, uid, account }),
        owner: uid,
      }),
    );
  }
  const client = deps.client.as(account);
  // A first read waits for the rights to be known; what follows finds them.
  await lag.retry(namespace, () => client.list(SECRET, { namespace, fieldSelector: 'metadata.name=none' }));
  return client;
}

function bindingOf(
  name: string,
  role: string,
  home: { readonly namespace: string; readonly uid: string; readonly account: ServiceAccountRef },
) {
  return {
    apiVersion: apiVersionOf(ROLE_BINDING),
    kind: ROLE_BINDING.kind,
    metadata: { name, namespace: home.namespace, labels: { [INSTANCE_UID_LABEL]: home.uid } },
    roleRef: { apiGroup: ROLE_BINDING.group, kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', ...home.account }],
  };
}

async function connectPlane(
  plane: ControlPlane,
  client: Client,
  clock: Clock,
): Promise<{ readonly client: Client; readonly discovery: Discovery }> {
  const { secretRef } = plane.status ?? {};
  if (secretRef === undefined) throw new HookError(`${CONTROL_PLANE.kind} has no kubeconfig yet`);
  const { namespace, name, inClusterKey } = secretRef;
  const secret = await client.find(SECRET, { namespace, name });
  const data = secret?.data?.[inClusterKey];
  if (data === undefined) throw new HookError(`Secret ${namespace}/${name} has no key ${inClusterKey}`);
  const what = `the kubeconfig in Secret ${namespace}/${name}`;
  const access = await dataAccess(Buffer.from(data, 'base64').toString('utf8'), what, clock);
  const inside = createClient(access, { clock, userAgent: 'tenantry-hooks' });
  return { client: inside, discovery: createDiscovery(inside, clock) };
}
