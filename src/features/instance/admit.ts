import type { Instance } from '../../api/instance.ts';
import { ACCOUNT_ANNOTATION, FINALIZER, FORCE_DELETE_LABEL } from '../../api/names.ts';
import type { ServicePolicies } from '../../api/revision.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { AdmissionRequest, Finding, JsonPatchOperation } from '../../runtime/admission.ts';
import { MIGRATE_ANNOTATION, MIGRATE_UID_ANNOTATION } from './migration.ts';
import { looksHashed, nameLimit } from './names.ts';
import { trafficFindings } from './traffic.ts';
import { nodeNameOf } from './values.ts';

/** What admission knows besides the request. */
export interface AdmissionWorld {
  readonly operatorNamespace: string;
  readonly accountsNamespace: string;
  /** Names of the cluster's nodes. */
  readonly nodes: readonly string[];
  /** The namespace that the instance would get, if something has the name. */
  readonly target: TargetNamespace | undefined;
  /** What the chart's schema refuses. */
  readonly valuesFindings: readonly Finding[];
  /** Secrets named in `valuesFrom` that the user may not read himself. */
  readonly unreadableSecrets: readonly string[];
  /** What the licence of the kind has against a further instance. */
  readonly licenseFindings: readonly Finding[];
  /** How the instance stands that this one is to be migrated from. */
  readonly source?: SourceState | undefined;
  /** Kind of the instance that this one was migrated from, while that one could take everything back. */
  readonly unconfirmed?: string | undefined;
  /** A namespace carries the UID of this very instance: where it lives is settled. */
  readonly holdsNamespace: boolean;
  /** How strictly the service isolates its instances. */
  readonly isolation: ServicePolicies['isolation'];
}

/** How an instance stands that another one is to be migrated from. */
export type SourceState = 'unknown' | 'absent' | 'busy' | 'notYours' | 'ready';

export interface TargetNamespace {
  readonly terminating: boolean;
  /** Kind of the instance that the namespace belongs to; undefined if it is no instance's. */
  readonly ownerKind: string | undefined;
}

/** Everything that is wrong with a request about an instance; KubePlus's texts where it has one. Pure. */
export function admitInstance(
  request: Pick<AdmissionRequest, 'operation' | 'kind' | 'namespace'>,
  objects: { readonly object: Instance | undefined; readonly oldObject: Instance | undefined },
  world: AdmissionWorld,
): readonly Finding[] {
  const { object, oldObject } = objects;
  switch (request.operation) {
    case 'CREATE':
      return object === undefined
        ? []
        : [
            ...world.licenseFindings,
            ...nameFindings(object, request, world),
            ...contentFindings(object, world),
            ...adoptionFindings(object, oldObject, world),
            ...migrationFindings(object, oldObject, world),
            ...trafficFindings(object, oldObject, world.isolation),
          ];
    case 'UPDATE':
      // Only what is changed is checked: an instance that was fine before a new revision can still be labelled or deleted.
      if (object === undefined || object.metadata.deletionTimestamp !== undefined) return [];
      return [
        ...(isContentChanged(object, oldObject) ? contentFindings(object, world) : []),
        ...adoptionFindings(object, oldObject, world),
        ...migrationFindings(object, oldObject, world),
        ...trafficFindings(object, oldObject, world.isolation),
      ];
    case 'DELETE':
      return oldObject === undefined ? [] : deletionFindings(oldObject, world);
    case 'CONNECT':
      return [];
  }
}

/** True if what is rendered from changed. */
export function isContentChanged(object: Instance, oldObject: Instance | undefined): boolean {
  return (
    !deepEqual(object.spec, oldObject?.spec) ||
    !deepEqual(object.tenantry?.valuesFrom, oldObject?.tenantry?.valuesFrom)
  );
}

function nameFindings(
  { metadata }: Instance,
  { kind, namespace }: Pick<AdmissionRequest, 'kind' | 'namespace'>,
  { target, operatorNamespace }: AdmissionWorld,
): readonly Finding[] {
  const { name } = metadata;
  const findings: Finding[] = [];
  const migrated = metadata.annotations?.[MIGRATE_ANNOTATION];
  if (target?.terminating === true) {
    const text = `Previous Namespace for custom resource ${name} is in terminating state. Wait for it to terminate and then re-deploy`;
    findings.push({ message: text });
  } else if (target?.ownerKind !== undefined && target.ownerKind !== kind && target.ownerKind !== migrated) {
    const text = `App with name ${name} already exists for Kind ${target.ownerKind}. Use different app name.`;
    findings.push({ message: text });
  }
  const limit = nameLimit(kind);
  if (name.length > limit) {
    const text = `Instance name exceeds the allowed limit of ${limit}. Consider changing instance name.`;
    findings.push({ field: 'metadata.name', message: text });
  }
  if (name.includes('.')) {
    const text = `metadata.name: ${name} must not contain a period, for it becomes part of the name of a namespace`;
    findings.push({ field: 'metadata.name', message: text });
  }
  if (namespace === operatorNamespace && looksHashed(name)) {
    const text = `metadata.name: ${name} ends like the namespace of an instance from another namespace; choose an end that is not a dash and ten hexadecimal digits`;
    findings.push({ field: 'metadata.name', message: text });
  }
  return findings;
}

function contentFindings(object: Instance, world: AdmissionWorld): readonly Finding[] {
  const node = nodeNameOf(object);
  const nodeFindings: readonly Finding[] =
    node === undefined || world.nodes.includes(node)
      ? []
      : [{ field: 'spec.nodeName', message: `Invalid node name specified ${node}` }];
  const secretFindings = world.unreadableSecrets.map((name): Finding => ({
    field: 'tenantry.valuesFrom',
    message: `tenantry.valuesFrom: you may not read Secret ${name} yourself, so an instance can't be given its values in your name`,
  }));
  return [...nodeFindings, ...world.valuesFindings, ...secretFindings];
}

/** What is wrong with the release that an instance names to take over, if it was changed. */
function adoptionFindings(
  object: Instance,
  oldObject: Instance | undefined,
  { operatorNamespace, accountsNamespace, holdsNamespace }: AdmissionWorld,
): readonly Finding[] {
  if (!isMoved(object, oldObject)) return [];
  const field = 'tenantry.adopted';
  if (oldObject !== undefined && holdsNamespace) {
    const message = `${field}: says where the instance lives, and it lives there already; create another instance to take over a release`;
    return [{ field, message }];
  }
  const { namespace } = object.tenantry?.adopted ?? {};
  const ours = [operatorNamespace, accountsNamespace, object.metadata.namespace];
  if (namespace === undefined || !ours.includes(namespace)) return [];
  const message = `${field}.namespace: ${namespace} holds more than one release, and would go with the instance; install the release in a namespace of its own`;
  return [{ field, message }];
}

/** True if the instance is to live elsewhere than before. */
export function isMoved(object: Instance, oldObject: Instance | undefined): boolean {
  return !deepEqual(object.tenantry?.adopted, oldObject?.tenantry?.adopted);
}

/** What is wrong with the kind that an instance is to be migrated from, if that is said now. */
function migrationFindings(
  object: Instance,
  oldObject: Instance | undefined,
  { source }: AdmissionWorld,
): readonly Finding[] {
  if (!isMigrated(object, oldObject)) return [];
  const kind = object.metadata.annotations?.[MIGRATE_ANNOTATION] ?? '';
  const field = `metadata.annotations[${MIGRATE_ANNOTATION}]`;
  const { name, namespace } = object.metadata;
  const texts: Readonly<Record<SourceState, string | undefined>> = {
    unknown: `Invalid kind specified in migrate-from annotation ${kind}.`,
    absent: `${field}: there is no ${kind} ${name} in namespace ${namespace} that has a release; an instance is migrated from the one of its own name`,
    busy: `${field}: ${kind} ${name} is being changed or deleted, or wants to take over itself what is here; wait until it is ready, or remove the annotation from it`,
    notYours: `${field}: you may not delete ${kind} ${name}, so you can't take over what it has`,
    ready: undefined,
  };
  const message = texts[source ?? 'absent'];
  return message === undefined ? [] : [{ field, message }];
}

/** True if an instance is said to be migrated, from another kind than before. */
export function isMigrated(object: Instance, oldObject: Instance | undefined): boolean {
  const from = object.metadata.annotations?.[MIGRATE_ANNOTATION];
  return from !== undefined && from !== oldObject?.metadata.annotations?.[MIGRATE_ANNOTATION];
}

/** Of which instance a release was to be taken over when that was said. */
function keptSource(object: Instance, oldObject: Instance | undefined): string | undefined {
  if (object.metadata.annotations?.[MIGRATE_ANNOTATION] === undefined) return undefined;
  return oldObject?.metadata.annotations?.[MIGRATE_UID_ANNOTATION];
}

function deletionFindings(instance: Instance, { unconfirmed }: AdmissionWorld): readonly Finding[] {
  if (instance.metadata.deletionTimestamp !== undefined) return [];
  if (instance.tenantry?.deletionProtection === true) {
    const field = 'tenantry.deletionProtection';
    return [{ field, message: `${field}: is true; set it to false before the instance is deleted` }];
  }
  if (unconfirmed !== undefined) {
    const { name } = instance.metadata;
    const message = `${name} was migrated from ${unconfirmed} ${name}, which is there still and could take everything back: delete that one first to confirm, or take the annotation ${MIGRATE_ANNOTATION} away here and give it to that one, naming ${instance.kind}`;
    return [{ message }];
  }
  const forced = instance.metadata.labels?.[FORCE_DELETE_LABEL] !== undefined;
  if (forced || instance.status !== undefined) return [];
  return [{ message: 'Error: Custom Resource instance cannot be deleted. It is not ready yet.' }];
}

/** A request's objects, and the UID of the instance that this one is said to be migrated from, if there is one. */
interface Patched {
  readonly object: Instance;
  readonly oldObject: Instance | undefined;
  readonly sourceUid: string | undefined;
}

/**
 * What admission adds: who created the instance, which nobody can set or change, and the finalizer, which costs no write
 * of its own this way. Pure.
 */
export function patchInstance(
  operation: AdmissionRequest['operation'],
  username: string,
  { object, oldObject, sourceUid }: Patched,
): readonly JsonPatchOperation[] {
  const { annotations = {}, finalizers, deletionTimestamp } = object.metadata;
  const account = operation === 'CREATE' ? username : oldObject?.metadata.annotations?.[ACCOUNT_ANNOTATION];
  const { [MIGRATE_UID_ANNOTATION]: _said, ...said } = annotations;
  const taken = isMigrated(object, oldObject) ? sourceUid : keptSource(object, oldObject);
  const wanted = {
    ...said,
    ...(account === undefined ? {} : { [ACCOUNT_ANNOTATION]: account }),
    ...(taken === undefined ? {} : { [MIGRATE_UID_ANNOTATION]: taken }),
  };
  const patch: JsonPatchOperation[] = [];
  if (!deepEqual(annotations, wanted))
    patch.push({ op: 'add', path: '/metadata/annotations', value: wanted });
  if (operation === 'CREATE' && deletionTimestamp === undefined && !(finalizers ?? []).includes(FINALIZER)) {
    patch.push({ op: 'add', path: '/metadata/finalizers', value: [...(finalizers ?? []), FINALIZER] });
  }
  return patch;
}
