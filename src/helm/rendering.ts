import type { Json } from '../kube/object.ts';

/** What the templates see as `.Release` and `.Capabilities`. */
export interface RenderRequest {
  /** SHA-256 (hex) of the chart archive; the bytes were given to the engine by `load` before or are fetched by its loader. */
  readonly digest: string;
  readonly release: {
    readonly name: string;
    readonly namespace: string;
    readonly revision: number;
    readonly isUpgrade: boolean;
  };
  /** The user's values (provider values already merged); the chart's own defaults are coalesced by Helm. */
  readonly values: Readonly<Record<string, Json>>;
  readonly capabilities: { readonly kubeVersion: string; readonly apiVersions: readonly string[] };
  /** Answers the template function `lookup`; an empty name asks for a list. Undefined = not found. */
  readonly lookup?: (query: LookupQuery) => Promise<Json | undefined>;
  readonly signal?: AbortSignal;
}

export interface LookupQuery {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** One YAML document that a template gave, in Helm's install order. */
export interface Manifest {
  /** Template file, e.g. `wordpress/templates/deployment.yaml`: named in messages. */
  readonly source: string;
  readonly content: string;
  /** The objects in `content` as JSON, where the engine has read them already. */
  readonly objects?: string | undefined;
}

export type HookEvent =
  | 'pre-install'
  | 'post-install'
  | 'pre-upgrade'
  | 'post-upgrade'
  | 'pre-delete'
  | 'post-delete'
  | 'pre-rollback'
  | 'post-rollback'
  | 'test';

export interface Hook extends Manifest {
  readonly name: string;
  readonly kind: string;
  readonly events: readonly HookEvent[];
  readonly weight: number;
  readonly deletePolicies: readonly ('before-hook-creation' | 'hook-succeeded' | 'hook-failed')[];
}

export interface Rendering {
  readonly manifests: readonly Manifest[];
  readonly hooks: readonly Hook[];
  readonly notes: string;
  /** Template functions used whose answer may differ next time (`lookup`, `randAlphaNum`, `genCA`, `now`, …): not cacheable. */
  readonly volatile: readonly string[];
}

/** What can go wrong while rendering, told apart for conditions. */
export type RenderErrorCode =
  'ChartInvalid' | 'ValuesInvalid' | 'TemplateFailed' | 'LimitExceeded' | 'Cancelled';

export class RenderError extends Error {
  override readonly name = 'RenderError';
  readonly code: RenderErrorCode;
  constructor(code: RenderErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The engine as its users see it; `engine.ts` implements it with worker threads around Helm's own code. */
export interface Engine {
  /** Makes a chart known by its digest; parsed once per worker. Fails with ChartInvalid. */
  load(digest: string, archive: Uint8Array): Promise<ChartInfo>;
  render(request: RenderRequest): Promise<Rendering>;
  close(): Promise<void>;
}

/** What Helm's loader says of a chart. */
export interface ChartInfo {
  readonly name: string;
  readonly version: string;
  readonly appVersion: string;
  readonly description: string;
  readonly kubeVersion: string;
  readonly type: 'application' | 'library';
  /** values.yaml as text (comments become descriptions) and as data, subcharts' defaults coalesced in the data. */
  readonly valuesYaml: string;
  readonly values: Readonly<Record<string, Json>>;
  /** values.schema.json as parsed JSON, if the chart has one. */
  readonly valuesSchema: Json | undefined;
  /** Documents of `crds/`, of subcharts too. */
  readonly crds: readonly Manifest[];
  /** Chart.yaml's metadata as JSON, as Helm keeps it in a release. */
  readonly metadata: Json;
}
