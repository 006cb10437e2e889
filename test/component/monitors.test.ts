import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { chartFolderOf } from '../../src/features/installation/install.ts';
import { packChart } from '../../src/helm/archive.ts';
import { readChartFolder } from '../../src/helm/chart-folder.ts';
import type { HelmEngine } from '../../src/helm/engine.ts';
import type { AnyObject, Json } from '../../src/kube/object.ts';
import { matchesSelector } from '../../src/kube/selector.ts';
import { parseManifests } from '../../src/kube/yaml.ts';
import { sha256 } from '../../src/lib/hash.ts';
import { startEngine } from './helm-engine.ts';

// What the Prometheus operator is told must lead to the operator's page, once to each of its processes.

const NS = 'tenantry-system';
const ENABLED = { enabled: true, interval: '15s', labels: { release: 'prometheus' } };

let engine: HelmEngine;
let digest: string;

beforeAll(async () => {
  engine = await startEngine();
  const { files } = await readChartFolder(chartFolderOf(fileURLToPath(new URL('../..', import.meta.url))));
  const archive = packChart('tenantry', files);
  digest = sha256(archive);
  await engine.load(digest, archive);
}, 60_000);
afterAll(() => engine.close());

async function render(monitoring: Record<string, Json>): Promise<readonly AnyObject[]> {
  const { manifests } = await engine.render({
    digest,
    release: { name: 'tenantry', namespace: NS, revision: 1, isUpgrade: false },
    // With the router there is a further Deployment and a further Service.
    values: { monitoring, planes: { domain: 'planes.example.com', router: { enabled: true } } },
    capabilities: { kubeVersion: 'v1.37.1', apiVersions: [] },
  });
  return manifests.flatMap(({ content }) => parseManifests(content));
}

/** What is read of the objects here. */
const Labels = z.record(z.string(), z.string());
const Selector = z.object({ matchLabels: Labels });
const ServiceMonitor = z.object({
  spec: z.object({
    selector: Selector,
    endpoints: z.array(z.object({ port: z.string(), interval: z.string() })),
  }),
});
const PodMonitor = z.object({
  spec: z.object({
    selector: Selector,
    podMetricsEndpoints: z.array(z.object({ port: z.string(), interval: z.string() })),
  }),
});
const Port = z.object({ name: z.string() });
const Service = z.object({
  metadata: z.object({ name: z.string(), labels: Labels }),
  spec: z.object({ ports: z.array(Port) }),
});
const Template = z.object({
  metadata: z.object({ labels: Labels }),
  spec: z.object({ containers: z.array(z.object({ ports: z.array(Port).optional() })) }),
});
const Workload = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ template: Template }),
});

const ofKind = (objects: readonly AnyObject[], kind: string): readonly AnyObject[] =>
  objects.filter((object) => object.kind === kind);
const SCRAPE = [{ port: 'http', interval: '15s' }];

describe('a ServiceMonitor', { timeout: 60_000 }, () => {
  it('selects the Service with the operator’s page, and no other', async () => {
    const objects = await render({ serviceMonitor: ENABLED });
    const [monitor] = ofKind(objects, 'ServiceMonitor');
    const { selector, endpoints } = ServiceMonitor.parse(monitor).spec;

    const services = ofKind(objects, 'Service').map((object) => Service.parse(object));
    const selected = services.filter(({ metadata }) => matchesSelector(selector, metadata.labels));

    expect(selected.map(({ metadata }) => metadata.name)).toEqual(['tenantry-metrics']);
    expect(endpoints).toEqual(SCRAPE);
    expect(selected[0]?.spec.ports.map(({ name }) => name)).toContain(endpoints[0]?.port);
    expect(monitor?.metadata).toMatchObject({ namespace: NS, labels: ENABLED.labels });
  });
});

describe('a PodMonitor', { timeout: 60_000 }, () => {
  it('selects the operator’s pods at a port that they have, and no others', async () => {
    const objects = await render({ podMonitor: ENABLED });
    const [monitor] = ofKind(objects, 'PodMonitor');
    const { selector, podMetricsEndpoints } = PodMonitor.parse(monitor).spec;

    const workloads = ofKind(objects, 'Deployment').map((object) => Workload.parse(object));
    const selected = workloads.filter(({ spec }) => matchesSelector(selector, spec.template.metadata.labels));

    expect(selected.map(({ metadata }) => metadata.name)).toEqual(['tenantry-operator']);
    expect(podMetricsEndpoints).toEqual(SCRAPE);
    const ports = selected[0]?.spec.template.spec.containers.flatMap((container) => container.ports ?? []);
    expect(ports?.map(({ name }) => name)).toContain(podMetricsEndpoints[0]?.port);
    expect(monitor?.metadata).toMatchObject({ namespace: NS, labels: ENABLED.labels });
  });

  it('and a ServiceMonitor together are refused: each figure would count twice', async () => {
    await expect(render({ serviceMonitor: ENABLED, podMonitor: ENABLED })).rejects.toThrow(
      'monitoring.serviceMonitor and monitoring.podMonitor are both enabled',
    );
  });
});

it('brings neither unless it is asked for', { timeout: 60_000 }, async () => {
  const kinds = (await render({})).map(({ kind }) => kind);

  expect(kinds).toContain('Deployment');
  expect(kinds.filter((kind) => /Monitor|PrometheusRule/.test(kind))).toEqual([]);
});
