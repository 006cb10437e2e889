/** Which of Kubernetes' own tests run together. */
export interface Suite {
  /** Regular expression (of Go) that their names match. */
  readonly focus: string;
  /** Nodes of the cluster: with one, no packet would leave it. */
  readonly nodes: number;
  /** How many run at the same time: pods start one after the other on a small machine, and tests wait more than they work. */
  readonly procs: number;
  /** Beginnings of the names of the images that they use; undefined = all. */
  readonly images?: readonly string[];
  /** File with those that are left out, one a line with its reason. */
  readonly skips: string;
}

/** By the name of the part of the proof. */
export const SUITES: Readonly<Record<string, Suite>> = {
  'network-policies': {
    focus: String.raw`\[Feature:NetworkPolicy\]|Netpol`,
    // Each makes three namespaces of nine containers and probes every pair: more at a time only wait for each other.
    nodes: 2,
    procs: 2,
    images: ['agnhost:2.66'],
    skips: 'network-policies.skips.txt',
  },
  conformance: { focus: String.raw`\[Conformance\]`, nodes: 2, procs: 6, skips: 'conformance.skips.txt' },
};
