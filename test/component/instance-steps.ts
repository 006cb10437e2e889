import { CONFIG_MAP, DEPLOYMENT, SECRET } from '../../src/kube/builtin-kinds.ts';
import type { InstanceRig } from './instance-rig.ts';

/** Does what the controller of Deployments would: sees the last generation. */
export function observed(rig: InstanceRig): void {
  for (const one of rig.objects(DEPLOYMENT)) {
    rig.api.put(DEPLOYMENT, { ...one, status: { observedGeneration: one.metadata.generation ?? 1 } });
  }
}

/** Creates an instance and sees it through to Ready. */
export async function install(rig: InstanceRig, name = 'shop1', spec = {}): Promise<void> {
  await rig.create(name, spec);
  await rig.until(name, { reason: 'Waiting' });
  observed(rig);
  await rig.ready(name);
  await rig.quiet();
}

/** The writes made while `work` was done. */
export async function writesOf(rig: InstanceRig, work: () => Promise<unknown>): Promise<readonly string[]> {
  const before = rig.writes().length;
  await work();
  await rig.quiet();
  return rig.writes().slice(before);
}

/** Secrets of the releases of shop1. */
export const records = (rig: InstanceRig) =>
  rig.objects(SECRET, 'shop1').filter(({ type }) => type === 'helm.sh/release.v1');

/** Helm's records as `number:status:whose`, by number. */
export const helmRecords = (rig: InstanceRig): readonly string[] =>
  records(rig)
    .map(({ metadata: { labels = {} } }) => {
      const whose = labels['tenantry.dev/instance-uid'] === undefined ? 'foreign' : 'ours';
      return `${labels['version']}:${labels['status']}:${whose}`;
    })
    .sort();

/** The record that a stock helm leaves. */
export async function foreignRecord(rig: InstanceRig, version: number): Promise<void> {
  const name = 'shopservice-shop1';
  await rig.client.create(SECRET, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: `sh.helm.release.v1.${name}.v${version}`,
      namespace: 'shop1',
      labels: { owner: 'helm', name, status: 'deployed', version: String(version) },
    },
    type: 'helm.sh/release.v1',
    data: { release: '' },
  });
}

/** Does what a stock `helm upgrade` does: its record first, then the objects, then ours becomes history. */
export async function stockUpgrade(rig: InstanceRig, version: number): Promise<void> {
  await foreignRecord(rig, version);
  const [ours] = records(rig);
  await rig.client.patch(
    SECRET,
    { namespace: 'shop1', name: ours?.metadata.name ?? '' },
    { type: 'merge', body: { metadata: { labels: { status: 'superseded' } } } },
    { fieldManager: 'helm' },
  );
  const patch = { spec: { template: { spec: { containers: [{ name: 'web', image: 'evil' }] } } } };
  await rig.client.patch(
    DEPLOYMENT,
    { namespace: 'shop1', name: 'web' },
    { type: 'merge', body: patch },
    { fieldManager: 'helm' },
  );
}

/** What the chart of shop1 made of `spec.title`. */
export const title = (rig: InstanceRig): string | undefined =>
  rig.objects(CONFIG_MAP, 'shop1').find((map) => map.metadata.name === 'settings')?.data?.['title'];
