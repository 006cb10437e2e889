import process from 'node:process';
import { commandMs, program } from './programs.ts';
import { median, type Row } from './row.ts';

/** The command line's cold start against a bare Node's. */
export function startRows(runs: number): readonly Row[] {
  // In turns, so that what else the machine does meets both; the median of the differences, not the difference of medians.
  const pairs = Array.from({ length: runs }, () => ({
    bare: commandMs(process.execPath, ['-e', '0']),
    ours: commandMs(process.execPath, [program, 'version', '--client']),
  }));
  return [
    {
      what: 'CLI, cold, over a bare Node',
      value: median(pairs.map(({ bare, ours }) => ours - bare)),
      unit: 'ms',
      baseline: `bare Node ${median(pairs.map(({ bare }) => bare)).toFixed(0)} ms`,
      floor: 80,
      good: 'below',
      binding: false,
      method: `median of ${runs} differences between \`tenantry version --client\` and \`node -e 0\`, started in turns`,
    },
  ];
}
