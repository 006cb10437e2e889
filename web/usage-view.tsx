import type { ReactNode } from 'react';
import type { Usage } from './api.ts';
import { useAsked } from './use-asked.ts';

/** Kubelets measure every ten seconds or so. */
const EVERY_MS = 15_000;

interface UsageViewProps {
  /** Which instance. */
  readonly of: string;
  readonly ask: () => Promise<Usage>;
}

export function UsageView({ of, ask }: UsageViewProps): ReactNode {
  const { answer } = useAsked(`usage ${of}`, ask, EVERY_MS);
  if (answer === undefined) return null;
  const { usage, gaps } = answer;
  const figures: readonly (readonly [string, string | undefined])[] = [
    ['CPU', usage.cpuMillicores === undefined ? undefined : `${Math.round(usage.cpuMillicores)} m`],
    ['Memory', bytes(usage.memoryBytes)],
    ['Storage', storage(usage.storageUsedBytes, usage.storageBytes)],
    ['Received', bytes(usage.receivedBytes)],
    ['Sent', bytes(usage.transmittedBytes)],
    ['Restarts', String(usage.restarts)],
  ];
  return (
    <section>
      <h2>What it uses</h2>
      <dl className="figures">
        {figures.map(([name, figure]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{figure ?? '–'}</dd>
          </div>
        ))}
      </dl>
      {gaps.length > 0 && <p className="help">{gaps.join('. ')}</p>}
    </section>
  );
}

function storage(used: number | undefined, given: number | undefined): string | undefined {
  if (given === undefined) return undefined;
  return used === undefined ? bytes(given) : `${bytes(used)} of ${bytes(given)}`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** 1536 → `1.5 KiB`. */
export function bytes(count: number | undefined): string | undefined {
  if (count === undefined) return undefined;
  const step = count < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(count) / 10));
  const figure = count / 1024 ** step;
  return `${figure >= 100 || step === 0 ? Math.round(figure) : Math.round(figure * 10) / 10} ${UNITS[step]}`;
}
