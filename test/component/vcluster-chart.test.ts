import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isJsonObject, type JsonObject } from '../../src/api/json-schema.ts';
import { readVclusterValues } from '../../src/cli/vcluster/values/read-values.ts';
import { packChart } from '../../src/helm/archive.ts';
import { readChartFolder } from '../../src/helm/chart-folder.ts';
import type { HelmEngine } from '../../src/helm/engine.ts';
import { parseYaml } from '../../src/kube/yaml.ts';
import { startEngine } from './helm-engine.ts';

const ROOT = join(import.meta.dirname, '../..');
const KindOnly = z.object({ kind: z.string() });
const RELEASE = { name: 'customer-1', namespace: 'team' };
let engine: HelmEngine;
let digest: string;
beforeAll(async () => {
  engine = await startEngine({ maxWorkers: 1 });
  const { files } = await readChartFolder(join(ROOT, 'deploy/vcluster'));
  const archive = packChart('vcluster', files);
  digest = createHash('sha256').update(archive).digest('hex');
  await engine.load(digest, archive);
}, 60_000);
afterAll(() => engine.close());

const valuesOf = (text: string): JsonObject => {
  const values = parseYaml(text);
  return isJsonObject(values) ? values : {};
};
const example = (name: string): string => readFileSync(join(ROOT, 'examples/vcluster', name), 'utf8');

async function render(values: JsonObject): Promise<{ objects: Record<string, JsonObject>; notes: string }> {
  const { manifests, notes } = await engine.render({
    digest,
    release: { ...RELEASE, revision: 1, isUpgrade: false },
    values,
    capabilities: { kubeVersion: 'v1.37.0', apiVersions: [] },
  });
  const objects = manifests.map(({ content }) => valuesOf(content));
  return {
    objects: Object.fromEntries(objects.map((object) => [KindOnly.parse(object).kind, object])),
    notes,
  };
}

/** Values of every kind: each must come to the same by the chart and by the command. */
const SAME: readonly (readonly [what: string, text: string])[] = [
  ['nothing', ''],
  ['a trial plan in the older form', example('customer1-values.yaml')],
  ['a paid plan in the form of today', example('customer2-values.yaml')],
  [
    'fields of both forms',
    'replicas: 2\nservice: { type: NodePort }\ncontrolPlane: { backingStore: { etcd: { embedded: { enabled: true } } } }',
  ],
  ['fields that are left to the program', 'controlPlane: { service: { spec: { type: "" } } }'],
  [
    'policies with everything',
    'policies: { resourceQuota: { enabled: true, labels: { a: b }, annotations: { c: d }, quota: { count/pods: 2 }, scopes: [NotTerminating], scopeSelector: { matchExpressions: [{ scopeName: PriorityClass, operator: Exists }] } }, limitRange: { min: { cpu: 1m }, max: { cpu: 3 } } }',
  ],
  [
    'one policy without the other',
    'policies: { limitRange: { enabled: true }, resourceQuota: { enabled: false } }',
  ],
  ['policies of the older form', 'isolation: { enabled: true }'],
];

const REFUSED: readonly (readonly [what: string, text: string])[] = [
  ['what can’t be had', 'sync: { toHost: { namespaces: { enabled: true } } }\nplugins: { a: { image: b } }'],
  [
    'what is always so',
    'sync: { toHost: { pods: { enabled: false } } }\nnetworking: { advanced: { clusterDomain: x.y } }',
  ],
  ['what is no key', 'controlPlane: { replicas: 3 }\nfoo: 1'],
  ['what must be a map', 'controlPlane: { proxy: 8443 }'],
  [
    'what goes beyond a default',
    'controlPlane: { statefulSet: { scheduling: { podManagementPolicy: Parallel, nodeSelector: { a: b } } } }',
  ],
];

describe('the chart of virtual clusters', { timeout: 60_000 }, () => {
  it.each(SAME)('makes of %s what the command makes of it', async (_what, text) => {
    const values = valuesOf(text);
    const { spec, quota, limits, findings } = readVclusterValues(values);
    expect(findings).toEqual([]);

    const { objects } = await render(values);

    expect(objects['VirtualCluster']).toMatchObject({ metadata: RELEASE });
    expect(objects['VirtualCluster']?.['spec'] ?? {}).toEqual(spec);
    for (const [kind, policy] of [
      ['ResourceQuota', quota],
      ['LimitRange', limits],
    ] as const) {
      expect(objects[kind]?.['spec']).toEqual(policy?.spec);
      if (policy === undefined) continue;
      const { labels = {}, annotations } = policy;
      expect(objects[kind]?.['metadata']).toEqual({
        name: `vc-${RELEASE.name}`,
        namespace: RELEASE.namespace,
        labels: { app: 'vcluster', release: RELEASE.name, ...labels },
        ...(annotations === undefined ? {} : { annotations }),
      });
    }
  });

  it.each(REFUSED)('refuses %s in the command’s words', async (_what, text) => {
    const values = valuesOf(text);
    const { findings } = readVclusterValues(values);
    expect(findings.length).toBeGreaterThan(0);

    const failure = await render(values).then(
      () => '',
      (error: unknown) => String(error),
    );

    for (const finding of findings) expect(failure).toContain(finding);
  });

  it('says what changes nothing', async () => {
    const text = 'vcluster: { image: rancher/k3s:v1.23.3-k3s1 }\ntelemetry: { enabled: true }';
    const { notes } = readVclusterValues(valuesOf(text));
    expect(notes).toHaveLength(2);

    const rendered = await render(valuesOf(text));

    for (const note of notes) expect(rendered.notes).toContain(note);
  });
});
