import type { Instance } from '../../api/instance.ts';
import {
  DEFAULT_SERVICE_GROUP,
  INSTANCE_UID_LABEL,
  MANAGED_BY_VALUE,
  REGISTERED_BY_LABEL,
  RELEASE_NAME_ANNOTATION,
  SERVICE_UID_LABEL,
} from '../../api/names.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../../api/resource-composition.ts';
import type { Client } from '../../client/client.ts';
import {
  CRD,
  DEPLOYMENT,
  MUTATING_WEBHOOK_CONFIGURATION,
  NAMESPACE,
  type Namespace,
} from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import type { Connection } from '../connect.ts';
import { waitReady } from '../wait-ready.ts';
import { adoptRelease, type AdoptFlags } from './adopt-release.ts';

/** What KubePlus is called by its own chart. */
const KUBEPLUS = { deployment: 'kubeplus-deployment', webhook: 'platform-as-code.crd-binding' } as const;
/** Seconds for fetching a chart and serving its kind. */
const REGISTERED_WITHIN_MS = 120_000;

/** Everything of KubePlus in one namespace. */
export interface KubePlusQuestion {
  readonly io: CliIo;
  readonly connection: Connection;
  /** Where KubePlus was installed. */
  readonly namespace: string;
  readonly flags: AdoptFlags & { readonly servicesOnly?: true };
}

/** A service of KubePlus, with the kind that it defined. */
interface Service {
  readonly composition: ResourceComposition;
  readonly kind: Kind<Instance>;
  /** The kind is KubePlus's still. */
  readonly foreign: boolean;
}

/**
 * Takes over what an uninstalled KubePlus left: first the kinds, which can have one owner only, then instance by instance what runs.
 * Done again it goes on where it was broken off.
 */
export async function adoptKubePlus(question: KubePlusQuestion): Promise<void> {
  const { io, connection, namespace, flags } = question;
  const { client } = connection;
  await refuseRunning(client, namespace);
  const services = await servicesOf(client, namespace);
  if (services.length === 0)
    throw new UserError(
      `there is no ResourceComposition in namespace ${namespace} whose kind is there`,
      'Say with -n where KubePlus was installed.',
    );
  for (const { composition, kind, foreign } of services)
    io.out(
      `${kind.kind} of ResourceComposition ${composition.metadata.name}: ${foreign ? "KubePlus's, is taken over" : "Tenantry's already"}\n`,
    );
  if (flags.dryRun !== true) for (const service of services) await takeService(question, service);
  if (flags.servicesOnly === true) return;
  const problems: string[] = [];
  for (const service of services) problems.push(...(await takeInstances(question, service)));
  if (problems.length > 0)
    throw new UserError(
      `not taken over: ${problems.join('; ')}`,
      'They run on as they are. Move such an instance by creating another one, or leave it to Helm.',
    );
}

/** Two that write the same objects would fight: admission, instances and kinds have one owner. */
async function refuseRunning(client: Client, namespace: string): Promise<void> {
  const [deployment, webhook] = await Promise.all([
    client.find(DEPLOYMENT, { namespace, name: KUBEPLUS.deployment }),
    client.find(MUTATING_WEBHOOK_CONFIGURATION, { name: KUBEPLUS.webhook }),
  ]);
  if (deployment === undefined && webhook === undefined) return;
  const rest =
    deployment === undefined ? `its webhook ${KUBEPLUS.webhook} is there` : 'its deployment is there';
  throw new UserError(
    `KubePlus still runs in namespace ${namespace}: ${rest}`,
    `Uninstall it, and keep its objects: \`helm uninstall kubeplus -n ${namespace}\`, then \`kubectl delete mutatingwebhookconfiguration ${KUBEPLUS.webhook} --ignore-not-found\`. Never delete a ResourceComposition while it runs: it would delete the instances.`,
  );
}

async function servicesOf(client: Client, namespace: string): Promise<readonly Service[]> {
  const { items } = await client.list(RESOURCE_COMPOSITION, { namespace });
  const found = await Promise.all(
    items.map(async (composition): Promise<readonly Service[]> => {
      const {
        kind,
        group = DEFAULT_SERVICE_GROUP,
        version = 'v1alpha1',
        plural,
      } = composition.spec.newResource.resource;
      const crd = await client.find(CRD, { name: `${plural}.${group}` });
      const labels = crd?.metadata.labels ?? {};
      const owner = labels[SERVICE_UID_LABEL];
      const isOurs = owner !== undefined && owner === composition.metadata.uid;
      const foreign = owner === undefined && labels[REGISTERED_BY_LABEL] === MANAGED_BY_VALUE;
      if (!isOurs && !foreign) return [];
      return [{ composition, kind: { kind, group, version, plural, namespaced: true }, foreign }];
    }),
  );
  return found.flat();
}

/** Whoever may change the CRD says whose it is; the operator makes it a kind of ours from then on. */
async function takeService(
  { io, connection }: KubePlusQuestion,
  { composition, kind, foreign }: Service,
): Promise<void> {
  const { client } = connection;
  const { name, namespace, uid } = composition.metadata;
  if (foreign) {
    const body = { metadata: { labels: { [SERVICE_UID_LABEL]: uid } } };
    await client.patch(CRD, { name: `${kind.plural}.${kind.group}` }, { type: 'merge', body });
    // Nobody watches CRDs that are not ours: a change of the composition has the operator look.
    const seen = { metadata: { annotations: { 'tenantry.dev/adopted': 'true' } } };
    await client.patch(RESOURCE_COMPOSITION, { namespace, name }, { type: 'merge', body: seen });
  }
  const around = { client, clock: io.clock, signal: io.signal, timeoutMs: REGISTERED_WITHIN_MS };
  await io.progress.step(`${kind.kind} registered`, (note) =>
    waitReady(RESOURCE_COMPOSITION, { namespace, name }, { ...around, note }),
  );
}

/** Every instance whose release stands where KubePlus puts it; answers why others can't be taken over. */
async function takeInstances(
  question: KubePlusQuestion,
  { kind, foreign }: Service,
): Promise<readonly string[]> {
  const { io, connection, namespace: home, flags } = question;
  const { items } = await connection.client.list(kind);
  const problems: string[] = [];
  for (const { metadata } of items) {
    const { name, namespace = '', uid } = metadata;
    const release = `${kind.kind.toLowerCase()}-${name}`;
    const found = await connection.client.find(NAMESPACE, { name });
    // One of Tenantry's own, or taken over before.
    if (found !== undefined && found.metadata.labels?.[INSTANCE_UID_LABEL] === uid) continue;
    const problem = namespace === home ? problemOf(name, found, release) : ELSEWHERE;
    if (problem !== undefined) {
      problems.push(`${kind.kind} ${namespace}/${name} (${problem})`);
      continue;
    }
    if (foreign && flags.dryRun === true) {
      io.out(
        `  ${name}: release ${release} in namespace ${name}; looked at closely once the service is taken over\n`,
      );
      continue;
    }
    io.out('\n');
    await adoptRelease({
      io,
      connection,
      kind,
      ref: { namespace, name },
      from: name,
      flags: { ...flags, release },
    });
  }
  return problems;
}

const ELSEWHERE =
  'KubePlus put its release into the namespace of the object, beside other things; an instance has its namespace alone';

/** Told by the namespace, which KubePlus marks, and never by `status`, which users of KubePlus could write. */
function problemOf(name: string, found: Namespace | undefined, release: string): string | undefined {
  if (found === undefined) return 'it has no namespace';
  // KubePlus stores the quotes, too.
  const marked = found.metadata.annotations?.[RELEASE_NAME_ANNOTATION]?.replaceAll('"', '');
  return marked === release ? undefined : `namespace ${name} is marked as that of ${marked ?? 'no release'}`;
}
