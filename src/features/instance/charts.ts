import type { Revision } from '../../api/revision.ts';
import type { Reader } from '../../client/client.ts';
import { loadChart } from '../../helm/chart-store.ts';
import type { ChartInfo, Engine } from '../../helm/rendering.ts';

/** Charts known at the same time: a few KiB each (defaults and metadata); the archives are the engine's. */
const MAX_CHARTS = 64;

/** Gives charts to the engine, each once: read by digest from the Secrets beside the revision, checked on the way. */
export class Charts {
  readonly #engine: Engine;
  readonly #reader: Reader;
  readonly #known = new Map<string, Promise<ChartInfo>>();

  constructor(engine: Engine, reader: Reader) {
    this.#engine = engine;
    this.#reader = reader;
  }

  /** What the revision's chart says of itself; afterwards the engine can render it. */
  info(revision: Revision): Promise<ChartInfo> {
    const { digest } = revision.spec.chart;
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    const loading = this.#load(revision);
    this.#known.set(digest, loading);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_CHARTS && oldest !== undefined) this.#known.delete(oldest);
    // A failure is not kept: the next look tries again.
    loading.catch(() => this.#known.delete(digest));
    return loading;
  }

  /** The engine lost the chart: the next question brings it again. */
  forget(digest: string): void {
    this.#known.delete(digest);
  }

  async #load({ metadata, spec }: Revision): Promise<ChartInfo> {
    const { chunks, digest } = spec.chart;
    const archive = await loadChart(this.#reader, metadata.namespace ?? '', chunks, digest);
    return this.#engine.load(digest, archive);
  }
}
