import type { AdmissionAnswer, AdmissionRequest } from '../../src/runtime/admission.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Unenforced } from './unenforced.ts';

/** What a call wants to do, as authorizers see it. */
export interface Attributes {
  readonly user: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** A validating webhook without the wire: asked for every write of an object, after those of configurations. */
export type Admission = (request: AdmissionRequest) => AdmissionAnswer | Promise<AdmissionAnswer>;

/** How a fake API server is set up. */
export interface FakeApiOptions {
  /** Stamps objects and times watches out; the system's if absent. */
  readonly clock?: Clock;
  /** Serve TLS with this certificate. `ca` is what clients are given to trust. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
  /** Namespaces to create besides default and the kube-* ones. */
  readonly namespaces?: readonly string[];
  /** Bearer tokens and the users they stand for; without, every caller is `system:admin`. */
  readonly tokens?: Readonly<Record<string, string>>;
  /** Asked for every call and by access reviews; without, everything is allowed. */
  readonly authorize?: (attributes: Attributes) => boolean;
  /** False: refuses streaming lists, as servers before 1.34 do. */
  readonly streamingLists?: boolean;
  /** False: answers discovery in the old form only. */
  readonly aggregatedDiscovery?: boolean;
  /** What may be stored although nobody here heeds it. */
  readonly unenforced?: readonly Unenforced[];
}
