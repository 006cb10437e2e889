import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { packChart } from '../../src/helm/archive.ts';
import type { HelmEngine } from '../../src/helm/engine.ts';
import type { RenderRequest } from '../../src/helm/rendering.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { sha256 } from '../../src/lib/hash.ts';
import { parseManifests } from '../../src/kube/yaml.ts';
import { startEngine } from './helm-engine.ts';

const CHART_YAML = 'apiVersion: v2\nname: demo\nversion: 1.2.3\nappVersion: "4.5"\ndescription: A chart\n';

function chart(files: Record<string, string>): { digest: string; archive: Uint8Array } {
  const archive = packChart('demo', new Map(Object.entries({ 'Chart.yaml': CHART_YAML, ...files })));
  return { digest: sha256(archive), archive };
}

function request(digest: string, more: Partial<RenderRequest> = {}): RenderRequest {
  return {
    digest,
    release: { name: 'one', namespace: 'place', revision: 1, isUpgrade: false },
    values: {},
    capabilities: { kubeVersion: 'v1.37.1', apiVersions: ['v1', 'apps/v1'] },
    ...more,
  };
}

const configMap = (body: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\ndata:\n${body}\n`;
/** A clock on which time passes so many times as fast as for the thread: the machine has little left for it. */
const hurried = (times: number): Clock => ({
  ...systemClock,
  monotonic: () => systemClock.monotonic() * times,
  after: (ms, task) => systemClock.after(ms / times, task),
  sleep: (ms, signal) => systemClock.sleep(ms / times, signal),
});
const LOOP =
  '{{- range $i := until 100000 }}{{- range $j := until 100000 }}{{- range until 10000 }}{{ end }}{{ end }}{{ end }}';

let shared: Promise<HelmEngine> | undefined;
const own: HelmEngine[] = [];

/** One engine for all tests that need nothing special: each compiles 27 MB and holds 60 MiB. With options, one of its own. */
async function engine(options?: Parameters<typeof startEngine>[0]): Promise<HelmEngine> {
  if (options === undefined) return (shared ??= startEngine());
  const made = await startEngine(options);
  own.push(made);
  return made;
}
async function loaded(files: Record<string, string>, on: HelmEngine): Promise<string> {
  const { digest, archive } = chart(files);
  await on.load(digest, archive);
  return digest;
}

afterEach(async () => {
  await Promise.all(own.splice(0).map((one) => one.close()));
});
afterAll(async () => {
  await (await shared)?.close();
});

describe('the Helm engine', { timeout: 180_000 }, () => {
  it('says what is in a chart: values as text and as data, schema, CRDs, metadata', async () => {
    const helm = await engine();
    const { digest, archive } = chart({
      'values.yaml': '# how many\nreplicas: 2\n',
      'values.schema.json': '{"type":"object","properties":{"replicas":{"type":"integer"}}}',
      'crds/things.yaml': 'kind: CustomResourceDefinition\n',
      'charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 0.1.0\n',
      'charts/sub/values.yaml': 'deep: {er: true}\n',
    });

    const info = await helm.load(digest, archive);

    expect(info).toMatchObject({
      name: 'demo',
      version: '1.2.3',
      appVersion: '4.5',
      description: 'A chart',
      type: 'application',
      valuesYaml: '# how many\nreplicas: 2\n',
      values: { replicas: 2, sub: { deep: { er: true } } },
      valuesSchema: { type: 'object', properties: { replicas: { type: 'integer' } } },
      crds: [{ source: 'demo/crds/things.yaml', content: 'kind: CustomResourceDefinition\n' }],
      metadata: { name: 'demo', version: '1.2.3', apiVersion: 'v2' },
    });
    expect(Object.keys(info.values['sub'] as object)).toEqual(['deep']);
  });

  it('renders release, values and capabilities, in install order, with notes and hooks by weight', async () => {
    const helm = await engine();
    const hook = (name: string, weight: number): string =>
      `apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: ${name}\n  annotations:\n    helm.sh/hook: pre-install, post-upgrade\n    helm.sh/hook-weight: "${weight}"\n    helm.sh/hook-delete-policy: hook-succeeded\n`;
    const digest = await loaded(
      {
        'templates/a-deployment.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: x\n',
        'templates/b-map.yaml': configMap(
          '  v: {{ .Capabilities.KubeVersion }}\n  has: {{ .Capabilities.APIVersions.Has "apps/v1" | quote }}\n  up: {{ .Release.IsUpgrade | quote }}\n  n: {{ .Values.n | quote }}',
        ),
        'templates/c-empty.yaml': '# only words\n{{ if false }}kind: X{{ end }}\n',
        'templates/hooks.yaml': `${hook('late', 5)}---\n${hook('early', -5)}`,
        'templates/NOTES.txt': 'Hello {{ .Release.Name }}',
      },
      helm,
    );

    const rendering = await helm.render(request(digest, { values: { n: 7 } }));

    expect(rendering.manifests.map((manifest) => manifest.source)).toEqual([
      'demo/templates/b-map.yaml',
      'demo/templates/a-deployment.yaml',
    ]);
    expect(rendering.manifests[0]?.content).toContain('v: v1.37.1\n  has: "true"\n  up: "false"\n  n: "7"');
    // Read by the worker, not by whoever waits for it.
    const objects = rendering.manifests.map((manifest) => JSON.parse(manifest.objects ?? 'null') as unknown);
    expect(objects).toEqual(rendering.manifests.map(({ content }) => parseManifests(content)));
    expect(
      rendering.hooks.map(({ name, weight, events, deletePolicies }) => ({
        name,
        weight,
        events,
        deletePolicies,
      })),
    ).toEqual(
      ['early', 'late'].map((name) => ({
        name,
        weight: name === 'early' ? -5 : 5,
        events: ['pre-install', 'post-upgrade'],
        deletePolicies: ['hook-succeeded'],
      })),
    );
    expect(rendering.notes).toBe('Hello one');
    expect(rendering.volatile).toEqual([]);
  });

  it('answers the same request from its memory, and never one that used a volatile function', async () => {
    const helm = await engine({});
    const steady = await loaded(
      { 'templates/a.yaml': configMap('  d: {{ date "2006" (toDate "2006" "1999") | quote }}') },
      helm,
    );
    const moving = await loaded(
      {
        'templates/a.yaml': configMap(
          '  a: {{ randAlphaNum 20 }}\n  b: {{ now | date "2006" | quote }}\n  c: {{ date "2006" "today" | quote }}',
        ),
      },
      helm,
    );

    const first = await helm.render(request(steady, { values: { a: 1, b: 2 } }));
    const again = await helm.render(request(steady, { values: { b: 2, a: 1 } }));
    const one = await helm.render(request(moving));
    const two = await helm.render(request(moving));

    expect(again).toBe(first);
    expect(helm.stats()).toMatchObject({ renderings: 4, cached: 1 });
    expect(one.volatile).toEqual(['date', 'now', 'randAlphaNum']);
    expect(two.manifests[0]?.content).not.toBe(one.manifests[0]?.content);
  });

  it('asks the host for lookups and gives templates what it says', async () => {
    const helm = await engine();
    const digest = await loaded(
      {
        'templates/a.yaml': configMap(
          '  found: {{ (lookup "v1" "Secret" .Release.Namespace "there").data.n | quote }}\n  none: {{ lookup "v1" "Secret" .Release.Namespace "gone" | empty | quote }}',
        ),
      },
      helm,
    );
    const asked: string[] = [];

    const rendering = await helm.render(
      request(digest, {
        lookup: (query) => {
          asked.push(`${query.apiVersion} ${query.kind} ${query.namespace}/${query.name}`);
          return Promise.resolve(query.name === 'there' ? { data: { n: 12345678 } } : undefined);
        },
      }),
    );

    expect(asked).toEqual(['v1 Secret place/there', 'v1 Secret place/gone']);
    expect(rendering.manifests[0]?.content).toContain('found: "12345678"\n  none: "true"');
    expect(rendering.volatile).toEqual(['lookup']);
  });

  it('fails the rendering where the host may not look up', async () => {
    const helm = await engine();
    const digest = await loaded(
      { 'templates/a.yaml': configMap('  x: {{ lookup "v1" "Secret" "kube-system" "x" }}') },
      helm,
    );

    const failing = helm.render(request(digest, { lookup: () => Promise.reject(new Error('forbidden')) }));

    await expect(failing).rejects.toMatchObject({
      code: 'TemplateFailed',
      message: expect.stringContaining('lookup of Secret kube-system/x: forbidden'),
    });
  });

  it.each([
    [
      'a schema that refuses',
      {
        'values.schema.json': '{"properties":{"a":{"type":"integer"},"b":{"properties":{"c":{"enum":[1]}}}}}',
      },
      { a: 'x', b: { c: 2 } },
      'ValuesInvalid',
      /^a: got string, want integer; b\.c: value must be 1$/,
    ],
    [
      'fail',
      { 'templates/a.yaml': '{{ fail "no such thing" }}' },
      {},
      'TemplateFailed',
      /demo\/templates\/a\.yaml:1:3.*no such thing/,
    ],
    [
      'required',
      { 'templates/a.yaml': 'a: 1\nb: {{ required "name it" .Values.x }}' },
      {},
      'TemplateFailed',
      /a\.yaml:2:6.*name it/,
    ],
    [
      'a template that does not parse',
      { 'templates/a.yaml': '{{ if }}' },
      {},
      'TemplateFailed',
      /demo\/templates\/a\.yaml:1/,
    ],
    [
      'output that is no YAML',
      { 'templates/a.yaml': 'a: [' },
      {},
      'TemplateFailed',
      /YAML parse error on demo\/templates\/a\.yaml/,
    ],
    [
      'a chart for another Kubernetes',
      { 'Chart.yaml': `${CHART_YAML}kubeVersion: "<1.20"\n` },
      {},
      'ChartInvalid',
      /requires kubeVersion: <1\.20/,
    ],
    ['a library chart', { 'Chart.yaml': `${CHART_YAML}type: library\n` }, {}, 'ChartInvalid', /library/],
    [
      'a template that includes itself',
      { 'templates/a.yaml': '{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}' },
      {},
      /TemplateFailed|LimitExceeded/,
      /./,
    ],
  ] as const)('tells %s apart', async (_name, files, values, code, message) => {
    const helm = await engine();
    const digest = await loaded(files, helm);

    const error: unknown = await helm.render(request(digest, { values })).catch((caught: unknown) => caught);

    expect(error).toMatchObject({ name: 'RenderError', message: expect.stringMatching(message) });
    expect((error as { code: string }).code).toMatch(new RegExp(code));
  });

  it.each([
    [
      'dependencies that are missing',
      {
        'Chart.yaml': `${CHART_YAML}dependencies:\n- {name: gone, version: 1.0.0, repository: "https://x.example"}\n`,
      },
      /not in charts\/: gone/,
    ],
    ['values that are no YAML', { 'values.yaml': 'a: [' }, /values\.yaml/],
    ['a chart without a version', { 'Chart.yaml': 'apiVersion: v2\nname: demo\n' }, /version/],
  ])('refuses %s when the chart is loaded', async (_name, files, message) => {
    const helm = await engine();
    const { digest, archive } = chart(files);

    await expect(helm.load(digest, archive)).rejects.toMatchObject({
      code: 'ChartInvalid',
      message: expect.stringMatching(message),
    });
  });

  it('refuses aliases that multiply, also in a text too long for our own look', async () => {
    const helm = await engine();
    const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x]'];
    for (let n = 1; n < 9; n++)
      lines.push(
        `a${n}: &a${n} [${Array(9)
          .fill(`*a${n - 1}`)
          .join(',')}]`,
      );
    const bomb = lines.join('\n');

    for (const text of [bomb, `${bomb}\n#${'x'.repeat(10_000)}`]) {
      const { digest, archive } = chart({ 'values.yaml': text });
      await expect(helm.load(digest, archive)).rejects.toMatchObject({
        code: 'ChartInvalid',
        message: expect.stringMatching(/values\.yaml.*alias/),
      });
    }
  });

  it('refuses bytes that are not those of the digest', async () => {
    const helm = await engine();
    const { archive } = chart({});

    await expect(helm.load('0'.repeat(64), archive)).rejects.toMatchObject({ code: 'ChartInvalid' });
  });

  it('lets templates include each other as deeply as Helm does, and no deeper', async () => {
    const helm = await engine({});
    const nested =
      '{{ define "down" }}{{ if gt (int .n) 0 }}{{ include "down" (dict "n" (sub .n 1)) }}{{ else }}bottom{{ end }}{{ end }}';
    const digest = await loaded(
      { 'templates/a.yaml': `${nested}a: {{ include "down" (dict "n" .Values.n) }}` },
      helm,
    );

    expect((await helm.render(request(digest, { values: { n: 950 } }))).manifests[0]?.content).toBe(
      'a: bottom',
    );
    await expect(helm.render(request(digest, { values: { n: 1100 } }))).rejects.toMatchObject({
      code: 'TemplateFailed',
      message: expect.stringContaining('nested reference name'),
    });
    expect(helm.stats().killed).toBe(0);
  });

  it('ends a template that loops, while others go on, and renders again afterwards', async () => {
    const helm = await engine({ maxWorkers: 2, limits: { renderMs: 1500, growAfterMs: 10 } });
    const looping = await loaded({ 'templates/a.yaml': LOOP }, helm);
    const good = await loaded({ 'templates/a.yaml': configMap('  a: {{ .Values.n | quote }}') }, helm);

    const outcome = helm.render(request(looping)).catch((caught: unknown) => caught);
    const others = await Promise.all([1, 2, 3].map((n) => helm.render(request(good, { values: { n } }))));

    expect(helm.stats().killed).toBe(0);
    expect(others.map((one) => one.manifests.length)).toEqual([1, 1, 1]);
    expect(await outcome).toMatchObject({
      code: 'LimitExceeded',
      message: expect.stringContaining('computed for longer than 1.5 s'),
    });
    expect((await helm.render(request(good, { values: { n: 4 } }))).manifests).toHaveLength(1);
    expect(helm.stats().killed).toBe(1);
  });

  it('does not count the time that the machine keeps it from computing', async () => {
    const helm = await engine({
      clock: hurried(1000),
      limits: { renderMs: 20_000, starvedMs: 1e9, startMs: 1e9 },
    });
    const busy = { 'templates/a.yaml': `{{ range until 300000 }}{{ end }}${configMap('  a: b')}` };

    // 20 s of this clock are over after 20 ms, when the thread has hardly begun.
    const begin = performance.now();
    const { manifests } = await helm.render(request(await loaded(busy, helm)));

    expect(manifests).toHaveLength(1);
    expect((performance.now() - begin) * 1000).toBeGreaterThan(20_000);
  });

  it('gives up where the machine lets it compute next to nothing, and does not blame the chart', async () => {
    const limits = { renderMs: 60_000, starvedMs: 300_000, startMs: 1e9 };
    const helm = await engine({ clock: hurried(1000), limits });
    const looping = await loaded({ 'templates/a.yaml': LOOP }, helm);

    await expect(helm.render(request(looping))).rejects.toMatchObject({
      code: 'Cancelled',
      // A chart's error would end the registration or the change; this one is tried again.
      message: expect.stringMatching(
        /was given \d\.\d s of computing in 300 s and was ended: the machine is overl/,
      ),
    });
  });

  it('does not blame the chart either for a worker that starts too late', async () => {
    const helm = await engine({ limits: { startMs: 1 } });

    await expect(loaded({ 'templates/a.yaml': configMap('  a: b') }, helm)).rejects.toMatchObject({
      code: 'Cancelled',
      message: expect.stringContaining('did not start within 0.001 s: the machine is overloaded'),
    });
  });

  it('ends a template that fills the memory, and renders again afterwards', async () => {
    const helm = await engine({ limits: { memoryBytes: 96 * 1_048_576, renderMs: 60_000 } });
    const greedy = await loaded(
      {
        'templates/a.yaml':
          '{{ $s := "0123456789abcdef" }}{{ range until 40 }}{{ $s = printf "%s%s" $s $s }}{{ end }}a: {{ $s }}',
      },
      helm,
    );
    const good = await loaded({ 'templates/a.yaml': configMap('  a: b') }, helm);

    await expect(helm.render(request(greedy))).rejects.toMatchObject({
      code: 'LimitExceeded',
      message: expect.stringContaining('more than 96 MiB'),
    });
    expect((await helm.render(request(good))).manifests).toHaveLength(1);
  });

  it('refuses a rendering that is too large to hand on', async () => {
    const helm = await engine({ limits: { replyBytes: 100_000 } });
    const digest = await loaded({ 'templates/a.yaml': configMap('  a: {{ repeat 200000 "x" }}') }, helm);

    await expect(helm.render(request(digest))).rejects.toMatchObject({ code: 'LimitExceeded' });
  });

  it('gives up what was cancelled, and fetches charts that it was never given', async () => {
    const { digest, archive } = chart({
      'templates/a.yaml': configMap('  x: {{ lookup "v1" "Secret" "place" "x" }}'),
    });
    const helm = await engine({ fetchArchive: () => Promise.resolve(archive) });
    const controller = new AbortController();

    const cancelled = helm.render(
      request(digest, {
        signal: controller.signal,
        lookup: () => {
          controller.abort();
          return Promise.resolve(undefined);
        },
      }),
    );

    await expect(cancelled).rejects.toMatchObject({ code: 'Cancelled' });
    await expect(helm.render(request(digest, { signal: controller.signal }))).rejects.toMatchObject({
      code: 'Cancelled',
    });
    expect((await helm.render(request(digest))).manifests).toHaveLength(1);
  });

  it('reaches neither files nor the network nor the environment', async () => {
    const helm = await engine();
    const digest = await loaded(
      {
        'values.schema.json': '{"$ref":"file:///etc/passwd"}',
        'templates/a.yaml': configMap('  host: {{ getHostByName "localhost" | quote }}'),
      },
      helm,
    );
    const dns = await loaded(
      { 'templates/a.yaml': configMap('  host: {{ getHostByName "localhost" | quote }}') },
      helm,
    );
    const env = await loaded({ 'templates/a.yaml': configMap('  home: {{ env "HOME" | quote }}') }, helm);

    await expect(helm.render(request(digest))).rejects.toMatchObject({
      message: expect.not.stringContaining('root:'),
    });
    expect((await helm.render(request(dns))).manifests[0]?.content).toContain('host: ""');
    await expect(helm.render(request(env))).rejects.toMatchObject({
      message: expect.stringContaining('"env" not defined'),
    });
  });

  it('gives a worker back that had nothing to do, and starts another when there is', async () => {
    const idleMs = 60_000;
    const idle: (() => void)[] = [];
    const clock: Clock = {
      ...systemClock,
      after: (ms, task) => {
        if (ms !== idleMs) return systemClock.after(ms, task);
        idle.push(task);
        return () => idle.splice(idle.indexOf(task), 1);
      },
    };
    const helm = await engine({ clock, limits: { idleMs } });
    const digest = await loaded({ 'templates/a.yaml': configMap('  a: {{ .Values.n | quote }}') }, helm);
    await helm.render(request(digest, { values: { n: 1 } }));
    expect([helm.stats().workers, idle.length]).toEqual([1, 1]);

    idle[0]?.();

    expect(helm.stats()).toMatchObject({ workers: 0, killed: 0 });
    expect((await helm.render(request(digest, { values: { n: 2 } }))).manifests).toHaveLength(1);
    expect(helm.stats().workers).toBe(1);
  });

  it('has no workers before the first request and after it was closed', async () => {
    const helm = await engine({});
    expect(helm.stats().workers).toBe(0);
    const digest = await loaded({ 'templates/a.yaml': configMap('  a: b') }, helm);
    expect(helm.stats().workers).toBe(1);

    await helm.close();

    expect(helm.stats().workers).toBe(0);
    await expect(helm.render(request(digest))).rejects.toMatchObject({ code: 'Cancelled' });
  });
});
