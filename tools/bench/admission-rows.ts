import { systemClock } from '../../src/lib/clock.ts';
import type { BenchRun } from './bench-run.ts';
import { instanceOf } from './create-many.ts';
import { operatorPods, readMetrics, type OperatorMetrics } from './operator-metrics.ts';
import { quantile, type Row } from './row.ts';
import { pause } from './wait-for.ts';

const PER_SECOND = 200;

/** Instances are checked, and not created, at a steady rate. */
export async function admissionRows({ cluster: { client }, kind, sizes }: BenchRun): Promise<readonly Row[]> {
  const pods = await operatorPods(client);
  const before = await Promise.all(pods.map((pod) => readMetrics(client, pod)));
  const count = (sizes.admissionMs * PER_SECOND) / 1000;
  const begin = systemClock.monotonic();
  const asked: Promise<number>[] = [];
  for (let index = 0; index < count; index++) {
    await pause(begin + (index * 1000) / PER_SECOND - systemClock.monotonic());
    const sent = systemClock.monotonic();
    const answered = client
      .create(kind, instanceOf(kind, `admitted-${index}`), { dryRun: true })
      .then(() => systemClock.monotonic() - sent);
    asked.push(answered);
  }
  const whole = await Promise.all(asked);
  const reached = (count * 1000) / (systemClock.monotonic() - begin);
  const after = await Promise.all(pods.map((pod) => readMetrics(client, pod)));
  return [
    {
      what: `admission of an instance at ${PER_SECOND}/s, p99`,
      value: p99Below(before, after),
      unit: 'ms',
      baseline: `${reached.toFixed(0)}/s reached; the whole dry-run create p50 ${quantile(whole, 0.5).toFixed(0)} ms, p99 ${quantile(whole, 0.99).toFixed(0)} ms`,
      floor: 5,
      good: 'below',
      binding: false,
      method: `${count} dry-run creates; the validating webhook's own time, the bound of the histogram's bucket below which 99 of 100 are`,
    },
  ];
}

function p99Below(before: readonly OperatorMetrics[], after: readonly OperatorMetrics[]): number {
  const counts = new Map<number, number>();
  const add = (all: readonly OperatorMetrics[], sign: number): void => {
    for (const { admissions } of all)
      for (const { belowMs, count } of admissions)
        counts.set(belowMs, (counts.get(belowMs) ?? 0) + sign * count);
  };
  add(after, 1);
  add(before, -1);
  const total = counts.get(Infinity) ?? 0;
  const bounds = [...counts].toSorted(([a], [b]) => a - b);
  return bounds.find(([, count]) => count >= total * 0.99)?.[0] ?? Number.NaN;
}
