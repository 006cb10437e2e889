import process from 'node:process';
import { NS } from './bench-cluster.ts';
import type { BenchRun } from './bench-run.ts';
import { namesOf } from './create-many.ts';
import { commandMs, program } from './programs.ts';
import { median, quantile, type Row } from './row.ts';

/** The plug-ins that look at a whole instance, as a user types them: process start, kubeconfig, answer, end. */
export function pluginRows({ cluster, kind, sizes }: BenchRun): readonly Row[] {
  const [name = ''] = namesOf('i', 1);
  const asked = (words: readonly string[]): readonly number[] =>
    Array.from({ length: sizes.repeats }, () =>
      commandMs(process.execPath, [program, ...words, '-k', cluster.kubeconfig]),
    );
  const row = (what: string, took: readonly number[]): Row => ({
    what,
    value: median(took),
    unit: 'ms',
    baseline: `p90 ${quantile(took, 0.9).toFixed(0)} ms`,
    floor: 1_000,
    good: 'below',
    binding: false,
    method: `median of ${took.length} runs beside ${sizes.instances} instances`,
  });
  return [
    row(
      'kubectl connections of an instance, cold',
      asked(['connections', kind.kind, name, NS, '-o', 'json']),
    ),
    row('kubectl appresources, cold', asked(['app', 'resources', kind.kind, name])),
  ];
}
