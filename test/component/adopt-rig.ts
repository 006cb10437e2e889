import { createDiscovery } from '../../src/client/discovery.ts';
import { findRelease } from '../../src/cli/adopt/find-release.ts';
import { handOver } from '../../src/cli/adopt/hand-over.ts';
import { instanceFor, wantedRelease, type WantedQuestion } from '../../src/cli/adopt/wanted-release.ts';
import type { Instance } from '../../src/api/instance.ts';
import { REVISION } from '../../src/api/revision.ts';
import { encodeRelease } from '../../src/helm/release-secret.ts';
import { manifestText, type ReleaseRecord } from '../../src/helm/release.ts';
import { CONFIG_MAP, DEPLOYMENT, NAMESPACE, SECRET } from '../../src/kube/builtin-kinds.ts';
import { parseManifests, toYaml } from '../../src/kube/yaml.ts';
import type { Json } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { InstanceRig, object, OPERATOR, SHOP } from './instance-rig.ts';

/** Namespace and name of a release that a stock helm installed. */
export const LEGACY = 'legacy';
export const RELEASE = 'wp';

const labels = { app: 'web' };
const helm = { fieldManager: 'helm' };

/** What the stock helm rendered: a password that nobody could make up again, and a workload. */
export const FOUND_OBJECTS = [
  object('v1', 'ConfigMap', 'settings', { data: { title: 'old', gone: 'soon' } }),
  object('v1', 'Secret', 'password', { data: { password: Buffer.from('random-7').toString('base64') } }),
  object('apps/v1', 'Deployment', 'web', {
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web' }] } },
    },
  }),
];

/** A release of a stock helm: its objects, and records of three revisions. */
export async function stockRelease(
  rig: InstanceRig,
  { version = '1.0.0', config = { title: 'old' } } = {},
): Promise<void> {
  const { client } = rig;
  await client.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: LEGACY } });
  const kinds = { ConfigMap: CONFIG_MAP, Secret: SECRET, Deployment: DEPLOYMENT };
  for (const one of parseManifests(FOUND_OBJECTS.map((each) => toYaml(each)).join('---\n'))) {
    const kind = kinds[one.kind as keyof typeof kinds]; // true: the list above has these
    await client.create(kind, { ...one, metadata: { ...one.metadata, namespace: LEGACY } }, helm);
  }
  for (const number of [1, 2, 3])
    await client.create(SECRET, encodeRelease(record(number, version, config)), helm);
}

function record(number: number, version: string, config: Record<string, Json>): ReleaseRecord {
  return {
    name: RELEASE,
    namespace: LEGACY,
    version: number,
    info: {
      firstDeployed: '2025-01-01T00:00:00Z',
      lastDeployed: '2025-01-01T00:00:00Z',
      description: 'Upgrade complete',
      status: number === 3 ? 'deployed' : 'superseded',
      notes: 'Old notes.',
    },
    chart: { metadata: { name: 'shop', version }, values: { title: 'none' }, templates: [], files: [] },
    config,
    manifest: manifestText(
      FOUND_OBJECTS.map((one) => ({ source: 'shop/templates/all.yaml', content: toYaml(one) })),
    ),
    hooks: [],
  };
}

/** What `tenantry adopt` asks with. */
export async function questionOf(rig: InstanceRig): Promise<WantedQuestion> {
  const { record: found } = await findRelease(rig.client, LEGACY, undefined);
  const [revision] = rig.objects(REVISION);
  if (revision === undefined) throw new Error('no revision');
  return {
    client: rig.client,
    discovery: createDiscovery(rig.client, systemClock),
    engine: rig.engine,
    clock: systemClock,
    signal: new AbortController().signal,
    operatorNamespace: OPERATOR,
    kind: SHOP,
    revision,
    record: found,
  };
}

/** The instance that names the release, without a namespace handed over. */
export async function claim(rig: InstanceRig, name = 'shop1'): Promise<Instance> {
  const question = await questionOf(rig);
  const { spec, tenantry } = instanceFor(SHOP, name, OPERATOR, question.record);
  return rig.create(name, { ...spec }, { tenantry });
}

/** Hands the namespace over, as the command does. */
export async function give(rig: InstanceRig, instance: Instance): Promise<void> {
  const found = await findRelease(rig.client, LEGACY, undefined);
  await handOver(rig.client, found, await wantedRelease(instance, await questionOf(rig)));
}

export const deployment = (rig: InstanceRig) => rig.objects(DEPLOYMENT, LEGACY)[0];

/** Helm's records as `number:status:whose`. */
export const recordsOf = (rig: InstanceRig): readonly string[] =>
  rig
    .objects(SECRET, LEGACY)
    .filter(({ type }) => type === 'helm.sh/release.v1')
    .map(({ metadata: { labels: marks = {} } }) => {
      const whose = marks['tenantry.dev/instance-uid'] === undefined ? 'foreign' : 'ours';
      return `${marks['version']}:${marks['status']}:${whose}`;
    })
    .sort();
