import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getJson, run, shell, type Ended } from './programs.ts';

/** Where the quickstart puts the operator, and where the tests' services stand. */
export const NS = 'tenantry-system';

/** Files of a chart by their path; `Chart.yaml` is added. */
export type ChartFiles = Readonly<Record<string, string>>;

/** Writes a chart into a new folder and uploads it; answers how that ended. */
export async function uploadChart(name: string, files: ChartFiles, version = '0.1.0'): Promise<Ended> {
  const parent = await mkdtemp(join(tmpdir(), 'tenantry-chart-'));
  const folder = join(parent, name);
  const all = { 'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: ${version}\n`, ...files };
  try {
    for (const [path, content] of Object.entries(all)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    return await shell(`tenantry chart upload ${folder} -n ${NS}`);
  } finally {
    await rm(parent, { recursive: true });
  }
}

export interface Offer {
  /** Chart, composition and (with a capital letter) kind. */
  readonly name: string;
  readonly version?: string;
  /** Fields of the composition's spec besides `newResource`, as JSON. */
  readonly more?: object;
  readonly resource?: object;
  readonly providerValues?: object;
  readonly chartURL?: string;
  readonly namespace?: string;
}

export const kindOf = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;

/** Applies a composition for an uploaded chart; answers how that ended. */
export function offer({
  name,
  version = '0.1.0',
  more,
  resource,
  chartURL,
  providerValues,
  namespace = NS,
}: Offer): Promise<Ended> {
  const composition = {
    apiVersion: 'workflows.kubeplus/v1alpha1',
    kind: 'ResourceComposition',
    metadata: { name, namespace },
    spec: {
      newResource: {
        resource: {
          kind: kindOf(name),
          group: 'platformapi.kubeplus',
          version: 'v1alpha1',
          plural: `${name}s`,
          ...resource,
        },
        chartURL: chartURL ?? `file:///${name}-${version}.tgz`,
        chartName: name,
        ...(providerValues === undefined ? {} : { providerValues }),
      },
      ...more,
    },
  };
  return shell('kubectl apply -f -', { input: JSON.stringify(composition) });
}

/** Uploads and registers a chart, and waits until its kind can be used. */
export async function register(name: string, files: ChartFiles, more: Partial<Offer> = {}): Promise<void> {
  const uploaded = await uploadChart(name, files, more.version);
  if (uploaded.code !== 0) throw new Error(uploaded.stderr);
  const offered = await offer({ name, ...more });
  if (offered.code !== 0) throw new Error(offered.stderr);
  await run(`kubectl wait -n ${NS} resourcecomposition/${name} --for=condition=Ready --timeout=60s`);
}

/** Deletes services and everything of them, forced. */
export async function forget(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await shell(`kubectl label resourcecomposition ${name} -n ${NS} delete=true --overwrite`);
    await shell(`kubectl delete resourcecomposition ${name} -n ${NS} --wait --timeout=120s`);
  }
}

/** Applies an instance; `settings` is our object beside `spec`. */
export function create(
  service: string,
  name: string,
  spec: object = {},
  { namespace = NS, settings }: { readonly namespace?: string; readonly settings?: object } = {},
): Promise<Ended> {
  const instance = {
    apiVersion: 'platformapi.kubeplus/v1alpha1',
    kind: kindOf(service),
    metadata: { name, namespace },
    spec,
    ...(settings === undefined ? {} : { tenantry: settings }),
  };
  return shell('kubectl apply -f -', { input: JSON.stringify(instance) });
}

export interface ReadyCondition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** The condition Ready of an object such as `app/a`. */
export async function ready(what: string, namespace = NS): Promise<ReadyCondition | undefined> {
  const { status } = await getJson<{
    status?: { conditions?: readonly (ReadyCondition & { readonly type: string })[] };
  }>(`${what} -n ${namespace}`);
  return status?.conditions?.find(({ type }) => type === 'Ready');
}

/** Waits for the condition Ready to have a reason, by kubectl's own watch; answers its message. */
export async function reason(what: string, wanted: string, seconds = 90): Promise<string> {
  await run(
    `kubectl wait -n ${NS} ${what} --timeout=${seconds}s --for=jsonpath='{.status.conditions[?(@.type=="Ready")].reason}'=${wanted}`,
  );
  return (await ready(what))?.message ?? '';
}
