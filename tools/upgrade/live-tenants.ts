import { join } from 'node:path';
import { namespaceOfPlane, CONTROL_PLANE } from '../../src/api/control-plane.ts';
import { RESOURCE_COMPOSITION } from '../../src/api/resource-composition.ts';
import { kubeconfigSecretOf, planeNameOf, VIRTUAL_CLUSTER } from '../../src/api/virtual-cluster.ts';
import { applyFile } from '../../src/cli/apply-file.ts';
import { waitReady, type ReadyObject } from '../../src/cli/wait-ready.ts';
import type { Client } from '../../src/client/client.ts';
import type { Discovery } from '../../src/client/discovery.ts';
import {
  DEPLOYMENT,
  NAMESPACE,
  NETWORK_POLICY,
  SECRET,
  SERVICE,
  SERVICE_ACCOUNT,
} from '../../src/kube/builtin-kinds.ts';
import type { Kind, ObjectRef } from '../../src/kube/kind.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { LOCAL_REGISTRY } from '../../src/local/images/image-list.ts';
import { NS } from '../bench/bench-cluster.ts';
import { innerClients } from '../bench/inner-client.ts';
import { waitFor } from '../bench/wait-for.ts';
import { root } from '../local-programs.ts';

/** What an upgrade happens to. */
export interface Tenants {
  /** Everybody is ready for the spec as it is. */
  ready(): Promise<void>;
  /** Takes from each instance a network policy and waits until it is back: whoever leads has looked at all of them. */
  repaired(): Promise<void>;
  /** A change for each, the `turn`th, that restarts nothing that runs; resolves when it is there. */
  changed(turn: number): Promise<void>;
  /** One that replaces pods. */
  rolled(): Promise<void>;
  close(): Promise<void>;
}

const EXAMPLES = join(root, 'examples/multitenancy');
/** Pulled and set up on a machine that does other things, too. */
const READY_MS = 420_000;
const SOON_MS = 120_000;
/** The customer with a plan and a licence. */
const ACME = 'acme';
const INSTANCES = [
  { kind: serviceKind('WordpressService', 'wordpressservices'), namespace: NS, name: 'wp-for-tenant1' },
  { kind: serviceKind('HelloWorldService', 'helloworldservices'), namespace: ACME, name: 'hs1' },
] as const;
const PLANE = { name: 'kept' };
const VIRTUAL = { namespace: 'team', name: 'one' };

function serviceKind(kind: string, plural: string): Kind<ReadyObject> {
  return { group: 'platformapi.kubeplus', version: 'v1alpha1', kind, plural, namespaced: true };
}

export interface TenantsSite {
  readonly client: Client;
  readonly discovery: Discovery;
  /** Name of the local cluster. */
  readonly cluster: string;
  /** Runs the program that is installed. */
  program(...words: readonly string[]): Promise<void>;
}

/** Makes them all: two services with an instance each, a control plane, and a virtual cluster with a pod. */
export async function makeTenants(site: TenantsSite): Promise<Tenants> {
  const { client, discovery } = site;
  await offer(site);
  for (const name of [ACME, VIRTUAL.namespace]) await client.create(NAMESPACE, namespaceOf(name));
  await client.create(CONTROL_PLANE, {
    apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
    kind: 'ControlPlane',
    metadata: PLANE,
    spec: { type: 'k8s', backend: 'dedicated' },
  });
  await client.create(VIRTUAL_CLUSTER, {
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'VirtualCluster',
    metadata: VIRTUAL,
    spec: {},
  });
  await applyFile(client, discovery, join(EXAMPLES, 'wordpress/tenant1.yaml'), NS);
  await applyFile(client, discovery, join(EXAMPLES, 'hello-world/hs1.yaml'), ACME);
  await allReady(client);
  const [plane, virtual] = await Promise.all([insidePlane(site), insideVirtual(site)]);
  await waitFor('the virtual cluster takes objects', SOON_MS, () =>
    virtual.find(SERVICE_ACCOUNT, { namespace: 'default', name: 'default' }),
  );
  await virtual.create(DEPLOYMENT, INNER);
  await innerReady(virtual, 1);
  return {
    ready: () => allReady(client),
    repaired: () => repaired(client),
    changed: (turn) => changed(client, { plane, virtual }, turn),
    rolled: () => rolled(client),
    close: async () => {
      await Promise.all([plane.close(), virtual.close()]);
    },
  };
}

/** Both services; the second with a licence for two and a plan that its customer is on. */
async function offer({ client, discovery, program }: TenantsSite): Promise<void> {
  for (const example of ['wordpress', 'hello-world']) {
    await program('chart', 'upload', join(EXAMPLES, example, 'chart'));
    const composition = `${example}-service-composition`;
    await applyFile(client, discovery, join(EXAMPLES, example, `${composition}.yaml`), NS);
    await waitReady(RESOURCE_COMPOSITION, { namespace: NS, name: composition }, patience(client, SOON_MS));
  }
  discovery.invalidate();
  await program('license', 'create', 'HelloWorldService', join(root, 'LICENSE'), '-n', '2');
  const objects = {
    Plan: ['plans', { instances: 2 }],
    Tenant: ['tenants', { plan: ACME }],
  } as const;
  for (const [kind, [plural, spec]] of Object.entries(objects)) {
    const tenancy: Kind<KubeObject & { spec: object }> = {
      group: 'tenantry.dev',
      version: 'v1alpha1',
      kind,
      plural,
      namespaced: true,
    };
    const metadata = { namespace: NS, name: ACME };
    await client.create(tenancy, { apiVersion: 'tenantry.dev/v1alpha1', kind, metadata, spec });
  }
}

const namespaceOf = (name: string) => ({
  apiVersion: 'v1' as const,
  kind: 'Namespace' as const,
  metadata: {
    name,
    labels: name === ACME ? { 'tenantry.dev/tenant': ACME, 'tenantry.dev/tenant-namespace': NS } : {},
  },
});

const patience = (client: Client, timeoutMs: number) => ({
  client,
  clock: systemClock,
  signal: new AbortController().signal,
  timeoutMs,
});

async function allReady(client: Client): Promise<void> {
  const wait = patience(client, READY_MS);
  await Promise.all([
    ...INSTANCES.map(({ kind, namespace, name }) => waitReady(kind, { namespace, name }, wait)),
    waitReady<ReadyObject>(CONTROL_PLANE, PLANE, wait),
    waitReady<ReadyObject>(VIRTUAL_CLUSTER, VIRTUAL, wait),
  ]);
}

async function namespaceOfInstance(
  client: Client,
  { kind, namespace, name }: (typeof INSTANCES)[number],
): Promise<string> {
  const { status } = await client.get(kind, { namespace, name });
  // An instance's status as its schema has it.
  return (status as { readonly namespace?: string } | undefined)?.namespace ?? '';
}

async function repaired(client: Client): Promise<void> {
  for (const instance of INSTANCES) {
    const namespace = await namespaceOfInstance(client, instance);
    const { items } = await client.list(NETWORK_POLICY, { namespace });
    const policy = items[0]?.metadata;
    if (policy === undefined) throw new Error(`no network policy in ${namespace}`);
    const ref: ObjectRef = { namespace, name: policy.name };
    await client.delete(NETWORK_POLICY, ref);
    await waitFor(`network policy ${policy.name} of ${namespace} is back`, SOON_MS, async () => {
      const found = await client.find(NETWORK_POLICY, ref);
      return found !== undefined && found.metadata.uid !== policy.uid ? true : undefined;
    });
  }
}

interface Inner {
  readonly plane: Client;
  readonly virtual: Client;
}

async function changed(client: Client, { plane, virtual }: Inner, turn: number): Promise<void> {
  const [, hello] = INSTANCES;
  const replicas = 1 + (turn % 2);
  await client.patch(hello.kind, hello, { type: 'merge', body: { spec: { replicas } } });
  await waitReady(hello.kind, hello, patience(client, SOON_MS));
  const namespace = await namespaceOfInstance(client, hello);
  await waitFor(`hello-world has ${replicas} pods`, SOON_MS, async () => {
    const { spec, status } = await client.get(DEPLOYMENT, { namespace, name: 'hello-world' });
    return spec?.replicas === replicas && status?.readyReplicas === replicas ? true : undefined;
  });
  await plane.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `after-${turn}` } });
  await waitFor('the plane’s controllers work', SOON_MS, () =>
    plane.find(SERVICE_ACCOUNT, { namespace: `after-${turn}`, name: 'default' }),
  );
  const ref = { namespace: 'default', name: 'web' };
  await virtual.patch(DEPLOYMENT, ref, { type: 'merge', body: { spec: { replicas } } });
  await innerReady(virtual, replicas);
}

async function rolled(client: Client): Promise<void> {
  const [wordpress] = INSTANCES;
  await client.patch(wordpress.kind, wordpress, {
    type: 'merge',
    body: { spec: { title: 'After the upgrade' } },
  });
  await waitReady(wordpress.kind, wordpress, patience(client, READY_MS));
}

const innerReady = (virtual: Client, replicas: number): Promise<true> =>
  waitFor(`${replicas} pods run in the virtual cluster`, SOON_MS, async () => {
    const { status } = await virtual.get(DEPLOYMENT, { namespace: 'default', name: 'web' });
    return status?.readyReplicas === replicas && status.replicas === replicas ? true : undefined;
  });

const LABELS = { app: 'web' };
const INNER = {
  apiVersion: 'apps/v1' as const,
  kind: 'Deployment' as const,
  metadata: { namespace: 'default', name: 'web' },
  spec: {
    replicas: 1,
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'web', image: `${LOCAL_REGISTRY}/http-echo:1.0.0`, args: ['-text=hello'] }],
      },
    },
  },
};

async function insidePlane({ client, cluster }: TenantsSite): Promise<Client> {
  const namespace = namespaceOfPlane({ metadata: PLANE });
  const kubeconfig = await secretText(client, { namespace, name: 'admin-kubeconfig' }, 'kubeconfig');
  const target = /https:\/\/([^"\s]+)/.exec(kubeconfig)?.[1] ?? '';
  return (await innerClients(kubeconfig, { cluster, target }))();
}

async function insideVirtual({ client, cluster }: TenantsSite): Promise<Client> {
  const { namespace, name } = VIRTUAL;
  const kubeconfig = await secretText(client, { namespace, name: kubeconfigSecretOf(name) }, 'config');
  const plane = planeNameOf(namespace);
  const { spec } = await client.get(SERVICE, {
    namespace: namespaceOfPlane({ metadata: { name: plane } }),
    name: plane,
  });
  return (await innerClients(kubeconfig, { cluster, target: `${spec?.clusterIP}:443` }))();
}

async function secretText(client: Client, ref: ObjectRef, key: string): Promise<string> {
  const { data } = await client.get(SECRET, ref);
  return Buffer.from(data?.[key] ?? '', 'base64').toString();
}
