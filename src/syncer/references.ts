import type { Ingress, Pod } from '../kube/builtin-kinds.ts';
import { isMap } from '../lib/narrow.ts';

/** Names of what an object uses in its own namespace. */
export interface References {
  readonly configMaps: readonly string[];
  readonly secrets: readonly string[];
}

type Spec = NonNullable<Pod['spec']>;
type Container = Pick<Spec['containers'][number], 'env' | 'envFrom'>;
type Volume = NonNullable<Spec['volumes']>[number];

/** What a pod reads: a kubelet could not start it without. */
export function podReferences({ spec }: Pod): References {
  const containers = [
    ...(spec?.containers ?? []),
    ...(spec?.initContainers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ];
  const all = [...containers.map(containerReferences), ...(spec?.volumes ?? []).map(volumeReferences)];
  const pulls = (spec?.imagePullSecrets ?? []).map(({ name }) => name);
  return {
    configMaps: named(all.flatMap(({ configMaps }) => configMaps)),
    secrets: named([...all.flatMap(({ secrets }) => secrets), ...pulls]),
  };
}

type Names = readonly (string | undefined)[];

function named(names: Names): readonly string[] {
  return [...new Set(names)].filter((name) => name !== undefined);
}

function containerReferences({ env = [], envFrom = [] }: Container): { configMaps: Names; secrets: Names } {
  return {
    configMaps: [
      ...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name),
      ...envFrom.map(({ configMapRef }) => configMapRef?.name),
    ],
    secrets: [
      ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
      ...envFrom.map(({ secretRef }) => secretRef?.name),
    ],
  };
}

function volumeReferences(volume: Volume): { configMaps: Names; secrets: Names } {
  const sources = volume.projected?.sources ?? [];
  const referred = Object.values<unknown>(volume).map((source) => {
    const reference = isMap(source) ? source['secretRef'] : undefined;
    return isMap(reference) && typeof reference['name'] === 'string' ? reference['name'] : undefined;
  });
  return {
    configMaps: [volume.configMap?.name, ...sources.map(({ configMap }) => configMap?.name)],
    secrets: [
      volume.secret?.secretName,
      volume.azureFile?.secretName,
      volume.csi?.nodePublishSecretRef?.name,
      ...sources.map(({ secret }) => secret?.name),
      ...referred,
    ],
  };
}

/** What an Ingress reads: certificates, and what its annotations name. */
export function ingressReferences({ spec, metadata }: Ingress): References {
  const tls = (spec?.tls ?? []).flatMap(({ secretName }) => (secretName === undefined ? [] : [secretName]));
  const named = SECRET_ANNOTATIONS.flatMap((key) => metadata.annotations?.[key] ?? []);
  return { configMaps: [], secrets: [...tls, ...named] };
}

/** Annotations of an Ingress whose value is the name of a Secret. */
export const SECRET_ANNOTATIONS: readonly string[] = [
  'nginx.ingress.kubernetes.io/auth-secret',
  'nginx.ingress.kubernetes.io/auth-tls-secret',
  'nginx.ingress.kubernetes.io/proxy-ssl-secret',
];
