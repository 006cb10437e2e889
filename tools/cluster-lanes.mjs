// The tests of a real cluster run in two lanes side by side, each with a cluster of its own: they wait more than they
// work, for pods to start and namespaces to go.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';

/** Beginnings of the names of what the second lane takes: planes and virtual clusters, and what brings machines of its own. */
const SECOND = [
  'control-planes',
  'kflex',
  'plane-',
  'vcluster',
  'virtual-',
  'provider-tour',
  'two-nodes',
  'local-cluster',
];

const CLUSTERS = [
  { cluster: 'tenantry-test', subnet: '10.91.0.0/24' },
  { cluster: 'tenantry-test-planes', subnet: '10.90.0.0/24' },
];

/**
 * The lanes with their files, by path from the root: those whose names hold `only`, and not those whose names hold `without`. A lane without
 * files is left out.
 */
export function clusterLanes({ only = '', without }) {
  const folder = 'test/cluster';
  const isLeftOut = (file) => without !== undefined && file.includes(without);
  const files = readdirSync(join(root, folder)).filter(
    (file) => file.endsWith('.test.ts') && file.includes(only) && !isLeftOut(file),
  );
  const lane = (file) => (SECOND.some((beginning) => file.startsWith(beginning)) ? 1 : 0);
  return CLUSTERS.map((cluster, index) => ({
    ...cluster,
    files: files.filter((file) => lane(file) === index).map((file) => `${folder}/${file}`),
  })).filter(({ files: some }) => some.length > 0);
}
