import { localOptions } from '../../src/cli/local-options.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { upCluster } from '../../src/local/cluster-up.ts';
import { benchIo, closeCluster } from './bench-cluster.ts';
import { median, type Row } from './row.ts';

/** Nothing → node Ready, with the tools in the cache; leaves no cluster. */
export async function clusterRows(name: string, times: number): Promise<readonly Row[]> {
  const took: number[] = [];
  for (let time = 0; time < times; time++) {
    const begin = systemClock.monotonic();
    await upCluster(localOptions(benchIo(), name));
    took.push(systemClock.monotonic() - begin);
    await closeCluster(name);
  }
  return [
    {
      what: 'local cluster, nothing → node Ready',
      value: median(took) / 1000,
      unit: 's',
      baseline: took.map((ms) => `${(ms / 1000).toFixed(1)} s`).join(', '),
      floor: 12,
      good: 'below',
      binding: false,
      method: `median of ${times}, tools cached`,
    },
  ];
}
