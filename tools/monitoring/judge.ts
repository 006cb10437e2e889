import { BURNS } from './burner.ts';
import type { Series } from './prometheus.ts';

/** A query of the chart's rules or dashboard, and what it answered. */
export interface Asked {
  /** Where it stands: a rule's or a panel's name. */
  readonly name: string;
  readonly query: string;
  readonly series: readonly Series[];
}

export interface Finding {
  readonly what: string;
  readonly found: number | string;
  readonly wanted: string;
  readonly holds: boolean;
}

/** How far a figure may be from what was burned: a scrape, a kubelet's interval and a slow start lie between. */
const TOLERANCE = 0.15;

const between = (what: string, found: number | undefined, low: number, high: number): Finding => ({
  what,
  found: found ?? 'nothing',
  wanted: `${low} to ${high}`,
  holds: found !== undefined && found >= low && found <= high,
});

/** What the recorded figures of the instance must be. Bytes on the way are more than those sent: headers, acknowledgements. */
export function judgeFigures(valueOf: (record: string) => number | undefined): readonly Finding[] {
  const near = (what: string, record: string, low: number, high: number): Finding =>
    between(what, valueOf(record), low, high);
  const { cores, memory, bytesPerSecond, hello } = BURNS;
  // The web server and the sender use a little of their own.
  return [
    near(
      'processors',
      'tenantry:instance_cpu_cores:rate5m',
      cores * (1 - TOLERANCE),
      cores * (1 + 2 * TOLERANCE),
    ),
    near('memory', 'tenantry:instance_memory_working_set_bytes', memory, memory * 1.5),
    near(
      'bytes received',
      'tenantry:instance_network_receive_bytes:rate5m',
      bytesPerSecond * 0.7,
      bytesPerSecond * 1.3,
    ),
    near(
      'bytes sent',
      'tenantry:instance_network_transmit_bytes:rate5m',
      bytesPerSecond * 0.7,
      bytesPerSecond * 1.3,
    ),
    near('metric of the application', 'tenantry_instance_application', hello, hello),
  ];
}

/** Every query must answer something; alerts are asked without the bound that raises them. */
export function judgeQueries(asked: readonly Asked[]): readonly Finding[] {
  return asked.map(({ name, series }) => ({
    what: name,
    found: series.length,
    wanted: 'some series',
    holds: series.length > 0 && series.every(({ value }) => Number.isFinite(value)),
  }));
}
