import type { Instance } from '../../src/api/instance.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { BenchCluster } from './bench-cluster.ts';

/** How much of everything is measured. */
export interface Sizes {
  /** Instances in all; and those after which the small figures are taken. */
  readonly instances: number;
  readonly few: number;
  /** Instances of the raw stub, releases of a stock helm. */
  readonly stub: number;
  readonly helm: number;
  /** Instances made one after the other. */
  readonly single: number;
  /** Times that something short is repeated. */
  readonly repeats: number;
  /** Milliseconds after the last rendering until memory is read, and for which an idle operator is watched. */
  readonly restMs: number;
  /** Milliseconds of admission requests. */
  readonly admissionMs: number;
}

/** The whole run: a quarter of an hour on two idle cores. As many of the stub as of ours: much in the API server grows with them. */
export const FULL: Sizes = {
  instances: 1000,
  few: 100,
  stub: 900,
  helm: 60,
  single: 30,
  repeats: 31,
  restMs: 65_000,
  admissionMs: 10_000,
};

/** For smoke: the same rows in three minutes, with more noise. */
export const SHORT: Sizes = {
  instances: 100,
  few: 20,
  stub: 60,
  helm: 16,
  single: 10,
  repeats: 11,
  restMs: 10_000,
  admissionMs: 3_000,
};

/** What the rows that need a cluster share; they run one after the other and leave the instances to the next. */
export interface BenchRun {
  readonly cluster: BenchCluster;
  readonly sizes: Sizes;
  /** The service with the chart of four objects. */
  readonly service: string;
  readonly kind: Kind<Instance>;
}
