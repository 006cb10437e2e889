import { randomBytes } from 'node:crypto';
import { RESOURCE_COMPOSITION } from '../../src/api/resource-composition.ts';
import { CRD } from '../../src/kube/builtin-kinds.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { BenchRun } from './bench-run.ts';
import { compositionOf, fourObjects, kindOfService, uploadChart, type ChartFiles } from './bench-service.ts';
import { median, type Row } from './row.ts';
import { waitFor } from './wait-for.ts';

const CHART_BYTES = 100 * 1024;
const TIMES = 5;
const LOOK_MS = 10;

/** From a composition to a kind that the API server serves. */
export async function registerRows({ cluster: { client } }: BenchRun): Promise<readonly Row[]> {
  const took: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const name = `large${time}`;
    const chartURL = await uploadChart(client, name, largeChart(name));
    const { plural, group } = kindOfService(name);
    const begin = systemClock.monotonic();
    await client.create(RESOURCE_COMPOSITION, compositionOf(name, chartURL));
    await waitFor(
      `the CRD of ${name} is established`,
      60_000,
      async () => {
        const crd = await client.find(CRD, { name: `${plural}.${group}` });
        const isServed = crd?.status?.conditions?.some(
          ({ type, status }) => type === 'Established' && status === 'True',
        );
        return isServed === true ? true : undefined;
      },
      LOOK_MS,
    );
    took.push(systemClock.monotonic() - begin);
  }
  return [
    {
      what: 'registering a service → CRD established',
      value: median(took) / 1000,
      unit: 's',
      baseline: `${took.map((ms) => ms.toFixed(0)).join(', ')} ms`,
      floor: 1,
      good: 'below',
      binding: false,
      method: `median of ${TIMES}, an uploaded chart of 100 KB each`,
    },
  ];
}

/** Four objects, a schema, and a file that does not compress. */
function largeChart(name: string): ChartFiles {
  const properties = Object.fromEntries(
    Array.from({ length: 100 }, (_, index) => [
      `value${index}`,
      { type: 'string', maxLength: 63, description: `Value number ${index}.` },
    ]),
  );
  return {
    ...fourObjects('0.1.0'),
    'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: 0.1.0\n`,
    'values.schema.json': JSON.stringify({ type: 'object', properties }),
    'files/data': randomBytes((CHART_BYTES * 3) / 4).toString('base64'),
  };
}
