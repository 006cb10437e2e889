import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { podStats } from '../../../test/builders/pod-stats.ts';
import { instanceNamespace, instancePod, usageStores } from '../../../test/builders/usage-world.ts';
import type { Counted } from './instance-pods.ts';
import { nodesByNamespace } from './instance-pods.ts';
import { UsageBook, type NodeAnswer } from './usage-book.ts';
import { publishUsage } from './usage-metrics.ts';

const SHOP = '{kind="Shop",name="shop1",owner_namespace="team",target_namespace="shop1"}';

/** Lines that Prometheus would read after these rounds. */
async function scrape(
  rounds: readonly (readonly NodeAnswer[])[],
  { counted = 'all', names = ['shop1'] }: { counted?: Counted; names?: readonly string[] } = {},
): Promise<readonly string[]> {
  const pods = names.map((name) => instancePod(name === 'shop1' ? 'a' : `pod-${name}`, name));
  const stores = usageStores(names.map(instanceNamespace), pods);
  const book = new UsageBook();
  const applications = new Map([
    ['shop1', { metrics: [{ name: 'orders', help: 'Orders.', value: 7 }], gaps: [] }],
  ]);
  rounds.forEach((nodes, at) => book.learn(at, { nodes, applications }, nodesByNamespace(stores)));
  const registry = new Registry();
  publishUsage(registry, { stores, book, countedOf: () => counted });
  return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe('/metrics of instances', () => {
  it('tell what each uses, under names that stay', async () => {
    const at = (cpuSeconds: number): readonly NodeAnswer[] => [
      { node: 'n1', pods: [podStats('a', { cpuSeconds, cpuMillicores: 1500 })] },
    ];

    const lines = await scrape([at(10), at(40)]);

    expect(lines).toContain(`tenantry_instance_cpu_cores${SHOP} 1.5`);
    expect(lines).toContain(`tenantry_instance_cpu_seconds_total${SHOP} 30`);
    expect(lines).toContain(`tenantry_instance_memory_working_set_bytes${SHOP} 3`);
    expect(lines).toContain(`tenantry_instance_network_receive_bytes_total${SHOP} 0`);
    expect(lines).toContain(`tenantry_instance_pods${SHOP} 1`);
    expect(lines).toContain('tenantry_usage_instances_left_out 0');
    expect(lines).toContain(`tenantry_instance_application${SHOP.replace('}', ',metric="orders"}')} 7`);
  });

  it('have no sample of what nobody told, and none before the first round', async () => {
    const quiet = podStats('a', { receivedBytes: undefined, memoryBytes: undefined });

    const lines = await scrape([[{ node: 'n1', pods: [quiet] }]]);

    expect(lines.filter((line) => /memory|receive/.test(line))).toEqual([]);
    expect(await scrape([])).toEqual(['tenantry_usage_instances_left_out 0']);
  });

  it.each<[Counted, number, number]>([
    ['all', 2, 0.003],
    ['owner', 1, 0.001],
  ])('count pods as monitorRelationships says: %s', async (counted, pods, cores) => {
    const others = podStats('operators-own', { cpuMillicores: 2 });

    const lines = await scrape([[{ node: 'n1', pods: [podStats('a'), others] }]], { counted });

    expect(lines).toContain(`tenantry_instance_pods${SHOP} ${pods}`);
    expect(lines).toContain(`tenantry_instance_cpu_cores${SHOP} ${cores}`);
  });

  it('are bounded: instances beyond the bound are counted and nothing more', async () => {
    const names = Array.from({ length: 2003 }, (_, index) => `shop${String(index).padStart(4, '0')}`);

    const lines = await scrape([[]], { names });

    expect(lines.filter((line) => line.startsWith('tenantry_instance_pods{'))).toHaveLength(2000);
    expect(lines).toContain('tenantry_usage_instances_left_out 3');
  });
});
