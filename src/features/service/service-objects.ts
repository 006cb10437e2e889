import type { Instance } from '../../api/instance.ts';
import { serviceAccountName } from '../../api/instance.ts';
import { FINALIZER, SERVICE_UID_LABEL } from '../../api/names.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../../api/resource-composition.ts';
import { RESOURCE_MONITOR } from '../../api/resource-monitor.ts';
import { RESOURCE_POLICY } from '../../api/resource-policy.ts';
import { REVISION, type Revision, type RevisionSpec, type ServicePolicies } from '../../api/revision.ts';
import { generatedCrd, usageConfigMap } from '../../helm/generated-crd.ts';
import { apiVersionOf, type Kind } from '../../kube/kind.ts';
import type { AnyObject, ObjectMeta, OwnerReference } from '../../kube/object.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { sha256, shortHash } from '../../lib/hash.ts';
import { isMonitored } from './service-spec.ts';
import type { PreparedChart } from './world.ts';

/** On revisions: hash of everything in the composition that the revision is made of. */
export const INPUTS_ANNOTATION = 'tenantry.dev/inputs-hash';
/** On revisions: hash of where the chart was to be got. The same: the kept bytes are used and nothing is fetched. */
export const SOURCE_ANNOTATION = 'tenantry.dev/source-hash';
/** On revisions: names of the CRDs that the chart brought, joined by commas; counted before one is deleted. */
export const CHART_CRDS_ANNOTATION = 'tenantry.dev/chart-crds';
/** On CRDs of charts' `crds/`. */
export const CHART_CRD_LABEL = 'tenantry.dev/chart-crd';

/** Longest composition name that a revision's name holds in full. */
const MAX_NAME_IN_REVISION = 200;

/** UID of an object that came from the API. */
export function uidOf(object: { readonly metadata: ObjectMeta }): string {
  const { uid, name } = object.metadata;
  if (uid === undefined) throw new Error(`${name} has no UID: it did not come from the API`);
  return uid;
}

/** Hash of what makes a new revision when it changes. */
export function inputsHashOf({ spec }: ResourceComposition): string {
  const { deletionProtection: _protection, resmonitor: _monitor, ...inputs } = spec;
  // Of what is measured only this changes instances: it opens their doors to the operator.
  return sha256(canonicalJson(isMonitored(spec) ? { ...inputs, monitored: true } : inputs));
}

/** Hash of what makes the chart be fetched anew when it changes. */
export function sourceHashOf({ spec }: ResourceComposition): string {
  const { chartURL, chart, chartName } = spec.newResource;
  // In a repository the name says which chart; of an archive it is only checked.
  const named = chart?.version === undefined ? {} : { chartName };
  return sha256(canonicalJson({ chartURL, chart, ...named }));
}

export function ownerOf(composition: ResourceComposition): OwnerReference {
  return {
    apiVersion: apiVersionOf(RESOURCE_COMPOSITION),
    kind: RESOURCE_COMPOSITION.kind,
    name: composition.metadata.name,
    uid: uidOf(composition),
    controller: true,
  };
}

/** A revision's spec but for its number. */
export function revisionContent(
  composition: ResourceComposition,
  resource: RevisionSpec['resource'],
  chart: PreparedChart,
  policies: ServicePolicies,
): Omit<RevisionSpec, 'number'> {
  const { info, stored } = chart;
  return {
    composition: { name: composition.metadata.name, uid: uidOf(composition) },
    resource,
    chart: { name: info.name, version: info.version, appVersion: info.appVersion, ...stored },
    providerValues: composition.spec.newResource.providerValues ?? {},
    valuesSchema: chart.values.admission,
    policies,
    kinds: chart.kinds,
    rules: chart.rules,
    ...(chart.roles.length > 0 ? { roles: chart.roles } : {}),
  };
}

export function revisionName(composition: string, number: number): string {
  const stem =
    composition.length <= MAX_NAME_IN_REVISION
      ? composition
      : `${composition.slice(0, MAX_NAME_IN_REVISION).replace(/[-.]+$/, '')}-${shortHash(composition)}`;
  return `${stem}-${number}`;
}

/** Annotations by which a revision is recognised. */
export function revisionAnnotations(
  composition: ResourceComposition,
  chart: PreparedChart,
): Record<string, string> {
  return {
    [INPUTS_ANNOTATION]: inputsHashOf(composition),
    [SOURCE_ANNOTATION]: sourceHashOf(composition),
    [CHART_CRDS_ANNOTATION]: chart.crds.map((crd) => crd.metadata.name).join(','),
  };
}

export function revisionObject(
  composition: ResourceComposition,
  chart: PreparedChart,
  spec: RevisionSpec,
): Revision {
  return {
    apiVersion: apiVersionOf(REVISION),
    kind: REVISION.kind,
    metadata: {
      name: revisionName(composition.metadata.name, spec.number),
      ...namespaceOf(composition),
      labels: { [SERVICE_UID_LABEL]: uidOf(composition) },
      annotations: revisionAnnotations(composition, chart),
      // A deletion in the foreground takes what the composition owns before it: instances need it until they are gone.
      finalizers: [FINALIZER],
      ownerReferences: [ownerOf(composition)],
    },
    spec,
  };
}

function namespaceOf({ metadata }: ResourceComposition): { namespace?: string } {
  return metadata.namespace === undefined ? {} : { namespace: metadata.namespace };
}

export function crdObject(
  composition: ResourceComposition,
  resource: RevisionSpec['resource'],
  chart: PreparedChart,
): AnyObject {
  return generatedCrd({
    resource,
    serviceUid: uidOf(composition),
    spec: chart.values.schema,
    description: chart.info.description,
    kinds: chart.kinds.map(({ kind }) => kind),
  });
}

/** A chart's CRD as it is written: kept by name, marked as a chart's. The first service that brought it stays in the label. */
export function chartCrdObject(
  composition: ResourceComposition,
  crd: AnyObject,
  existing: AnyObject | undefined,
): AnyObject {
  const service = existing?.metadata.labels?.[SERVICE_UID_LABEL] ?? uidOf(composition);
  const { labels, annotations, name } = crd.metadata;
  return {
    apiVersion: crd.apiVersion,
    kind: crd.kind,
    metadata: {
      name,
      labels: { ...labels, [CHART_CRD_LABEL]: 'true', [SERVICE_UID_LABEL]: service },
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: crd['spec'],
  };
}

/** Account that writes the objects of the service's charts. Nothing runs as it, so no token is ever mounted. */
export function accountObject(
  composition: ResourceComposition,
  resource: RevisionSpec['resource'],
  namespace: string,
): AnyObject {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: {
      name: serviceAccountName(resource),
      namespace,
      labels: { [SERVICE_UID_LABEL]: uidOf(composition) },
    },
    automountServiceAccountToken: false,
  };
}

export function usageObject(
  composition: ResourceComposition,
  resource: RevisionSpec['resource'],
  chart: PreparedChart,
): AnyObject {
  const usage = usageConfigMap({
    resource,
    serviceUid: uidOf(composition),
    namespace: composition.metadata.namespace ?? '',
    valuesYaml: chart.info.valuesYaml,
  });
  return { ...usage, metadata: { ...usage.metadata, ownerReferences: [ownerOf(composition)] } };
}

/** ResourcePolicy and ResourceMonitor, for whoever reads them; KubePlus writes them too. Only where they are named. */
export function recordObjects(composition: ResourceComposition): { kind: Kind; object: AnyObject }[] {
  const { respolicy, resmonitor } = composition.spec;
  const record = (
    kind: Kind,
    name: string | undefined,
    spec: unknown,
  ): { kind: Kind; object: AnyObject }[] =>
    name === undefined || name === ''
      ? []
      : [
          {
            kind,
            object: {
              apiVersion: apiVersionOf(kind),
              kind: kind.kind,
              metadata: {
                name,
                ...namespaceOf(composition),
                labels: { [SERVICE_UID_LABEL]: uidOf(composition) },
                ownerReferences: [ownerOf(composition)],
              },
              ...(spec === undefined ? {} : { spec }),
            },
          },
        ];
  return [
    ...record(RESOURCE_POLICY, respolicy?.metadata?.name, respolicy?.spec),
    ...record(RESOURCE_MONITOR, resmonitor?.metadata?.name, resmonitor?.spec),
  ];
}

/** The generated kind. */
export function instanceKind(resource: RevisionSpec['resource']): Kind<Instance> {
  return { ...resource, namespaced: true };
}
