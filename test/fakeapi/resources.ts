import * as builtin from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import { isMap, listAt, mapAt, stringAt, type JsonMap, type Stored } from './json.ts';

/** One served version of one resource. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Where its objects are stored: versions of one resource share it, so do the two kinds of Event. */
  readonly store: string;
  readonly hasStatus: boolean;
  readonly hasGeneration: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Structural schema of a custom resource. */
  readonly schema?: JsonMap;
  /** Name of the CustomResourceDefinition that serves it. */
  readonly crd?: string;
}

const WITH_STATUS = new Set([
  'Namespace',
  'Node',
  'Pod',
  'Service',
  'ResourceQuota',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'Job',
  'CronJob',
  'HorizontalPodAutoscaler',
  'PodDisruptionBudget',
  'Ingress',
  'CertificateSigningRequest',
  'CustomResourceDefinition',
  'ValidatingAdmissionPolicy',
]);
const WITH_GENERATION = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'Job',
  'CronJob',
  'PodDisruptionBudget',
  'NetworkPolicy',
  'Ingress',
  'IngressClass',
  'CustomResourceDefinition',
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'PriorityClass',
  'EndpointSlice',
  'Pod',
]);
const SHORT_NAMES: Readonly<Record<string, readonly string[]>> = {
  Namespace: ['ns'],
  Pod: ['po'],
  Service: ['svc'],
  ConfigMap: ['cm'],
  Deployment: ['deploy'],
  CustomResourceDefinition: ['crd', 'crds'],
};

export const storeOf = (kind: Pick<Kind, 'group' | 'plural'>): string =>
  kind.plural === 'events' && (kind.group === '' || kind.group === 'events.k8s.io')
    ? 'events'
    : `${kind.plural}.${kind.group}`;

export function builtinResources(): Resource[] {
  const kinds = Object.values(builtin).filter((value): value is Kind => isMap(value) && 'plural' in value);
  return kinds.map((kind) => ({
    group: kind.group,
    version: kind.version,
    kind: kind.kind,
    plural: kind.plural,
    namespaced: kind.namespaced,
    store: storeOf(kind),
    hasStatus: WITH_STATUS.has(kind.kind),
    hasGeneration: WITH_GENERATION.has(kind.kind),
    shortNames: SHORT_NAMES[kind.kind] ?? [],
    categories: [],
  }));
}

/** What an established CustomResourceDefinition serves. */
export function customResources(crd: Stored): Resource[] {
  const spec = mapAt(crd, 'spec');
  const names = mapAt(spec, 'names');
  const group = stringAt(spec, 'group') ?? '';
  const plural = stringAt(names, 'plural') ?? '';
  return listAt(spec, 'versions')
    .filter(isMap)
    .filter((version) => version['served'] === true)
    .map((version) => ({
      group,
      version: stringAt(version, 'name') ?? '',
      kind: stringAt(names, 'kind') ?? '',
      plural,
      namespaced: spec['scope'] === 'Namespaced',
      store: `${plural}.${group}`,
      hasStatus: isMap(mapAt(version, 'subresources')['status']),
      hasGeneration: true,
      shortNames: listAt(names, 'shortNames').map(String),
      categories: listAt(names, 'categories').map(String),
      schema: mapAt(mapAt(version, 'schema'), 'openAPIV3Schema'),
      crd: crd.metadata.name,
    }));
}
