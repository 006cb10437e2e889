import type { Instance } from '../../api/instance.ts';
import { serviceAccountName } from '../../api/instance.ts';
import { SERVICE_UID_LABEL } from '../../api/names.ts';
import type { ResourceComposition } from '../../api/resource-composition.ts';
import { REVISION, type Revision, type RevisionSpec } from '../../api/revision.ts';
import type { Reader } from '../../client/client.ts';
import { UPLOADED_LABEL } from '../../helm/chart-store.ts';
import {
  CONFIG_MAP,
  CRD,
  SECRET,
  SERVICE_ACCOUNT,
  type CustomResourceDefinition,
} from '../../kube/builtin-kinds.ts';
import type { Kind, ObjectRef } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { AnyObject } from '../../kube/object.ts';
import type { Read } from '../../runtime/controller.ts';
import { CHART_CRD_LABEL, CHART_CRDS_ANNOTATION, instanceKind, recordObjects } from './service-objects.ts';
import type { Removal } from './world.ts';

interface RemovalContext {
  readonly resource: RevisionSpec['resource'];
  readonly revisions: readonly Revision[];
  readonly crd: CustomResourceDefinition | undefined;
  readonly accountsNamespace: string;
  readonly read: Read;
}

type Leftover = Removal['leftovers'][number];

/** What there is of a service that is to go. */
export async function observeRemoval(
  composition: ResourceComposition,
  context: RemovalContext,
): Promise<Removal> {
  const { crd, resource, revisions, read } = context;
  // Only a kind that is ours has instances of ours; one that somebody else registered is not looked into.
  const instances = crd === undefined ? [] : await listInstances(read.live, resource);
  const leftovers =
    instances.length > 0 || crd !== undefined ? [] : await findLeftovers(composition, context);
  return { instances, revisions, leftovers, lateMs: read.lateMs() };
}

/** All instances of a service; none if its kind is not served. Throws KubeError. */
export async function listInstances(
  live: Reader,
  resource: RevisionSpec['resource'],
): Promise<readonly Instance[]> {
  try {
    return (await live.list(instanceKind(resource))).items;
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return [];
    throw error;
  }
}

async function findLeftovers(
  composition: ResourceComposition,
  context: RemovalContext,
): Promise<readonly Leftover[]> {
  const { resource, read, accountsNamespace } = context;
  const { namespace } = composition.metadata;
  const own: (readonly [Kind, ObjectRef])[] = [
    [SERVICE_ACCOUNT, { namespace: accountsNamespace, name: serviceAccountName(resource) }],
    [CONFIG_MAP, { namespace, name: `${resource.kind.toLowerCase()}-usage` }],
    ...recordObjects(composition).map(
      ({ kind, object }) => [kind, { namespace, name: object.metadata.name }] as const,
    ),
  ];
  const found = await Promise.all(own.map(([kind, ref]) => findAny(read.live, kind, ref)));
  const ours = found
    .flat()
    .filter(({ object }) => object.metadata.labels?.[SERVICE_UID_LABEL] === composition.metadata.uid);
  return [
    ...ours,
    ...(await unusedChunks(composition, context)),
    ...(await unusedCrds(composition, context)),
  ];
}

async function findAny(live: Reader, kind: Kind, ref: ObjectRef): Promise<Leftover[]> {
  const { group, version, plural, namespaced } = kind;
  const object = await live.find<AnyObject>({ group, version, kind: kind.kind, plural, namespaced }, ref);
  return object === undefined ? [] : [{ kind, object }];
}

/** Chunks that no other revision of the namespace refers to and nobody uploaded. */
async function unusedChunks(
  composition: ResourceComposition,
  { revisions, read }: RemovalContext,
): Promise<readonly Leftover[]> {
  const { namespace, uid } = composition.metadata;
  const others = read.stores.list(REVISION, namespace).filter(({ spec }) => spec.composition.uid !== uid);
  const used = new Set(others.flatMap(({ spec }) => spec.chart.chunks));
  const names = new Set(revisions.flatMap(({ spec }) => spec.chart.chunks).filter((name) => !used.has(name)));
  const found = await Promise.all([...names].map((name) => findAny(read.live, SECRET, { namespace, name })));
  return found.flat().filter(({ object }) => object.metadata.labels?.[UPLOADED_LABEL] === undefined);
}

/** CRDs that only this service's charts brought and that have no objects: somebody else's objects would go with them. */
async function unusedCrds(
  composition: ResourceComposition,
  { revisions, read }: RemovalContext,
): Promise<readonly Leftover[]> {
  const namesIn = (list: readonly Revision[]): string[] =>
    list.flatMap(({ metadata }) =>
      (metadata.annotations?.[CHART_CRDS_ANNOTATION] ?? '').split(',').filter((name) => name !== ''),
    );
  const others = read.stores
    .list(REVISION)
    .filter(({ spec }) => spec.composition.uid !== composition.metadata.uid);
  const used = new Set(namesIn(others));
  const names = [...new Set(namesIn(revisions))].filter((name) => !used.has(name));
  const crds = await Promise.all(names.map((name) => read.live.find(CRD, { name })));
  const unused = await Promise.all(
    crds.map(async (crd): Promise<Leftover[]> => {
      if (crd === undefined || crd.metadata.labels?.[CHART_CRD_LABEL] !== 'true') return [];
      return (await hasObjects(read.live, crd)) ? [] : findAny(read.live, CRD, crd.metadata);
    }),
  );
  return unused.flat();
}

async function hasObjects(live: Reader, crd: CustomResourceDefinition): Promise<boolean> {
  const { group, names, scope, versions } = crd.spec;
  const version = versions.find(({ storage }) => storage)?.name ?? '';
  const kind: Kind = {
    group,
    version,
    kind: names.kind,
    plural: names.plural,
    namespaced: scope === 'Namespaced',
  };
  try {
    return (await live.list(kind)).items.length > 0;
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return false;
    // Not allowed to look: then it is not ours to judge, and the CRD stays.
    if (isKubeError(error, 'Forbidden')) return true;
    throw error;
  }
}
