import type { Instance } from '../../src/api/instance.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../../src/api/resource-composition.ts';
import type { Client } from '../../src/client/client.ts';
import { packChart } from '../../src/helm/archive.ts';
import { saveUpload } from '../../src/helm/chart-store.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import type { Kind } from '../../src/kube/kind.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { NS } from './bench-cluster.ts';
import { waitFor } from './wait-for.ts';

/** Files of a chart by their path. */
export type ChartFiles = Readonly<Record<string, string>>;

/** The chart that instances are counted with: four objects, no pod. */
export function fourObjects(version: string, title = 'none'): ChartFiles {
  return {
    'Chart.yaml': `apiVersion: v2\nname: four\nversion: ${version}\n`,
    'values.yaml': `title: ${title}\npassword: secret\n`,
    'templates/settings.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  title: {{ .Values.title | quote }}\n  release: {{ .Release.Name }}\n',
    'templates/password.yaml':
      'apiVersion: v1\nkind: Secret\nmetadata:\n  name: password\nstringData:\n  password: {{ .Values.password | quote }}\n',
    'templates/service.yaml':
      'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector:\n    app: web\n  ports:\n    - port: 80\n',
    'templates/web.yaml':
      'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 0\n  selector:\n    matchLabels:\n      app: web\n  template:\n    metadata:\n      labels:\n        app: web\n    spec:\n      containers:\n        - name: web\n          image: registry.invalid/web:1\n',
    'templates/NOTES.txt': 'Enjoy {{ .Release.Name }}.\n',
  };
}

const QUOTA = { 'requests.cpu': '1', 'requests.memory': '1Gi', 'limits.cpu': '2', 'limits.memory': '2Gi' };

/** A chart of the bench as an archive that was uploaded. */
export async function uploadChart(client: Client, name: string, files: ChartFiles): Promise<string> {
  const entries = Object.entries(files).map(([path, text]) => [path, Buffer.from(text)] as const);
  const archive = packChart(name, new Map(entries));
  const version = /^version: (.+)$/m.exec(files['Chart.yaml'] ?? '')?.[1] ?? '';
  const upload = await saveUpload(client, NS, `${name}-${version}.tgz`, archive, systemClock.now());
  return `file:///${upload.name}`;
}

/** The generated kind of the bench's service `name`. */
export function kindOfService(name: string): Kind<Instance> {
  return {
    group: 'platformapi.kubeplus',
    version: 'v1alpha1',
    kind: `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    plural: `${name}s`,
    namespaced: true,
  };
}

export function compositionOf(name: string, chartURL: string): ResourceComposition {
  const { kind, plural, group, version } = kindOfService(name);
  return {
    apiVersion: 'workflows.kubeplus/v1alpha1',
    kind: 'ResourceComposition',
    metadata: { namespace: NS, name },
    spec: {
      newResource: { resource: { kind, plural, group, version }, chartURL },
      // With a quota an instance has all the policies that it can have.
      respolicy: {
        apiVersion: 'workflows.kubeplus/v1alpha1',
        kind: 'ResourcePolicy',
        metadata: { name: `${name}-policy` },
        spec: { policy: { quota: QUOTA } },
      },
    },
  };
}

/** Registers a service for an uploaded chart, and waits until its kind can be used. */
export async function registerService(
  client: Client,
  name: string,
  chartURL: string,
): Promise<Kind<Instance>> {
  await client.create(RESOURCE_COMPOSITION, compositionOf(name, chartURL));
  await waitFor(`service ${name} is ready`, 60_000, async () => {
    const { status } = await client.get(RESOURCE_COMPOSITION, { namespace: NS, name });
    return findCondition(status?.conditions, 'Ready')?.status === 'True' ? true : undefined;
  });
  return kindOfService(name);
}
