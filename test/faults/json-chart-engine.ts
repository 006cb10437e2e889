import {
  RenderError,
  type ChartInfo,
  type Engine,
  type Rendering,
  type RenderRequest,
} from '../../src/helm/rendering.ts';
import type { Json } from '../../src/kube/object.ts';
import { toYaml } from '../../src/kube/yaml.ts';

/** A chart whose archive is this as JSON. */
export interface JsonChart {
  readonly version: string;
  /** What its one object says beside the user's text. */
  readonly theme: string;
  /** Its template fails. */
  readonly broken?: boolean;
  /** A CRD in `crds/`, as YAML. */
  readonly crd?: string;
}

/** The archive of a chart. */
export function archiveOf(chart: JsonChart): Uint8Array {
  return Buffer.from(JSON.stringify(chart));
}

/** An engine without Helm for such charts. Like the real one it renders only what was loaded into it. */
export class JsonChartEngine implements Engine {
  readonly #loaded = new Map<string, JsonChart>();
  readonly #onRender: (request: RenderRequest) => Promise<void>;

  /** `onRender` is asked before every rendering. */
  constructor(onRender: (request: RenderRequest) => Promise<void>) {
    this.#onRender = onRender;
  }

  load(digest: string, archive: Uint8Array): Promise<ChartInfo> {
    const chart = JSON.parse(Buffer.from(archive).toString()) as JsonChart; // true: `archiveOf` made it
    this.#loaded.set(digest, chart);
    const { version, crd } = chart;
    return Promise.resolve({
      name: 'hello',
      version,
      appVersion: version,
      description: 'Says hello.',
      kubeVersion: '',
      type: 'application',
      valuesYaml: '# What it says.\ngreeting: hello\n',
      values: { greeting: 'hello' },
      valuesSchema: undefined,
      crds: crd === undefined ? [] : [{ source: 'hello/crds/crd.yaml', content: crd }],
      metadata: { name: 'hello', version },
    });
  }

  async render(request: RenderRequest): Promise<Rendering> {
    await this.#onRender(request);
    const chart = this.#loaded.get(request.digest);
    if (chart === undefined) throw new RenderError('ChartInvalid', `${request.digest} was not loaded`);
    if (chart.broken === true) throw new RenderError('TemplateFailed', 'hello/templates/all.yaml:1: broken');
    const text: Json = request.values['greeting'] ?? 'hello';
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'says' },
      data: { text, theme: chart.theme },
    };
    const manifests = [{ source: 'hello/templates/all.yaml', content: toYaml(object) }];
    return { manifests, hooks: [], notes: 'Enjoy.', volatile: [] };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
