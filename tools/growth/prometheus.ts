/** One line of a Prometheus text. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Samples by name. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

/** Reads Prometheus' text form; comments are left out. */
export function parseSamples(text: string): Samples {
  const all = new Map<string, Sample[]>();
  for (const [, name = '', inner = '', value] of text.matchAll(/^([\w:]+)(?:\{(.*)\})? (\S+)$/gm)) {
    const words = [...inner.matchAll(/(\w+)="([^"]*)"/g)];
    const labels = Object.fromEntries(words.map(([, key = '', word = '']) => [key, word]));
    const of = all.get(name) ?? [];
    of.push({ labels, value: Number(value) });
    all.set(name, of);
  }
  return all;
}

/** The sum of all samples of a name. */
export function total(samples: Samples, name: string): number {
  return (samples.get(name) ?? []).reduce((sum, { value }) => sum + value, 0);
}

/** Sums by the value of a label. */
export function totalBy(samples: Samples, name: string, label: string): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { labels, value } of samples.get(name) ?? [])
    sums[labels[label] ?? ''] = (sums[labels[label] ?? ''] ?? 0) + value;
  return sums;
}

/** What was added between two readings, per second, by label; what did not move is left out. */
export function rates(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
  seconds: number,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(after)
      .map(([key, value]) => [key, Math.round(((value - (before[key] ?? 0)) * 10) / seconds) / 10] as const)
      .filter(([, value]) => value > 0),
  );
}
