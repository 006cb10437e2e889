import type { AdoptedRelease, Instance } from '../../api/instance.ts';
import { ACCOUNT_ANNOTATION, SERVICE_ACCOUNTS_SUFFIX } from '../../api/names.ts';
import type { Revision } from '../../api/revision.ts';
import type { Client } from '../../client/client.ts';
import type { Discovery } from '../../client/discovery.ts';
import { Charts } from '../../features/instance/charts.ts';
import { bindsRoles, exposedServices } from '../../features/instance/exposure.ts';
import { identityOf } from '../../features/instance/identity.ts';
import { contentDigest, type KeptRelease } from '../../features/instance/kept-release.ts';
import { INGRESS_NAMESPACES } from '../../features/instance/network-policies.ts';
import { policyObjects, type Identity, type KindedObject } from '../../features/instance/policies.ts';
import { renderRelease } from '../../features/instance/render-release.ts';
import type { Engine } from '../../helm/rendering.ts';
import type { ReleaseRecord } from '../../helm/release.ts';
import { apiVersionOf, type Kind } from '../../kube/kind.ts';
import type { Clock } from '../../lib/clock.ts';
import { UserError } from '../cli-io.ts';

/** What the operator will write when it takes a release over, made by the operator's own code. */
export interface WantedRelease {
  readonly identity: Identity;
  readonly release: KeptRelease;
  /** What it puts around the release. Peers and addresses in them are the operator's to find. */
  readonly policies: readonly KindedObject[];
  readonly chart: { readonly name: string; readonly version: string };
}

/** What it is made with. */
export interface WantedQuestion {
  readonly client: Client;
  readonly discovery: Discovery;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly operatorNamespace: string;
  readonly kind: Kind<Instance>;
  readonly revision: Revision;
  readonly record: ReleaseRecord;
}

/** UID of an instance that is not there yet. */
const NOT_YET = '00000000-0000-4000-8000-000000000000';

/** What an instance says of the release that it takes over. */
export function adoptedOf(record: ReleaseRecord): AdoptedRelease {
  const { namespace, name, version } = record;
  return { namespace, release: name, revision: version, content: contentDigest(record) };
}

/** The instance that takes a release over: its values are those that Helm was given. */
export function instanceFor(
  kind: Kind<Instance>,
  name: string,
  namespace: string,
  record: ReleaseRecord,
): Instance {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name, namespace },
    spec: record.config,
    tenantry: { adopted: adoptedOf(record) },
  };
}

/** What the operator will make of it. Throws UserError where the chart's rendering may not be written. */
export async function wantedRelease(instance: Instance, question: WantedQuestion): Promise<WantedRelease> {
  const { client, discovery, engine, clock, signal, operatorNamespace, kind, revision, record } = question;
  const accountsNamespace = `${operatorNamespace}${SERVICE_ACCOUNTS_SUFFIX}`;
  const settings = { operatorNamespace, accountsNamespace };
  const { composition } = revision.spec;
  const service = { kind, composition: { ...composition, namespace: revision.metadata.namespace ?? '' } };
  const uid = instance.metadata.uid ?? NOT_YET;
  const identity = identityOf({ ...instance, metadata: { ...instance.metadata, uid } }, service, settings);
  const outcome = await renderRelease({ engine, discovery, clock, settings }, new Charts(engine, client), {
    instance,
    identity,
    revision,
    number: record.version + 1,
    isUpgrade: true,
    firstDeployed: record.info.firstDeployed,
    inputs: '',
    secretValues: [],
    secrets: [],
    account: client,
    signal,
    found: record,
  });
  if ('failure' in outcome)
    throw new UserError(
      `the service can't take this release over: ${outcome.failure.message}`,
      'Correct the composition, or the values of the release with `helm upgrade`.',
    );
  const { name, version } = revision.spec.chart;
  return {
    identity,
    release: outcome,
    policies: around(identity, instance, revision, outcome),
    chart: { name, version },
  };
}

function around(
  identity: Identity,
  { metadata }: Instance,
  revision: Revision,
  release: KeptRelease,
): readonly KindedObject[] {
  const objects = release.objects.map(({ object }) => object);
  const creator = metadata.annotations?.[ACCOUNT_ANNOTATION];
  const network = {
    exposed: exposedServices(objects),
    usesApi: bindsRoles(objects),
    apiServer: [],
    clusterCidrs: [],
    nodeCidrs: [],
    ingressNamespaces: INGRESS_NAMESPACES,
    monitor: undefined,
    peers: [],
  };
  return policyObjects(identity, revision.spec, network, creator === undefined ? [] : [creator]);
}
