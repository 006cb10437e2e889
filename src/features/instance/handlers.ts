import type { Instance } from '../../api/instance.ts';
import {
  INSTANCE_KIND_LABEL,
  INSTANCE_UID_LABEL,
  OPERATOR_NAME,
  RELEASE_NAME_ANNOTATION,
} from '../../api/names.ts';
import { RESOURCE_COMPOSITION } from '../../api/resource-composition.ts';
import { REVISION, revisionsOf, type InstanceRevision, type Revision } from '../../api/revision.ts';
import type { Client } from '../../client/client.ts';
import { registryValues } from '../../helm/image-registry.ts';
import { NAMESPACE, NODE } from '../../kube/builtin-kinds.ts';
import type { Json, KubeObject } from '../../kube/object.ts';
import type {
  AdmissionAnswer,
  AdmissionHandler,
  AdmissionRequest,
  Finding,
  JsonPatchOperation,
} from '../../runtime/admission.ts';
import type { Stores } from '../../runtime/controller.ts';
import { mayUser } from '../../runtime/user-access.ts';
import {
  admitInstance,
  isContentChanged,
  isMigrated,
  isMoved,
  patchInstance,
  type SourceState,
  type TargetNamespace,
} from './admit.ts';
import { isGiving, MIGRATE_ANNOTATION, releaseIn, sourceKind, sourceUidOf } from './migration.ts';
import { Licenses } from './check-license.ts';
import { Charts } from './charts.ts';
import { namespaceOf } from './names.ts';
import type { InstanceDeps, InstanceTerms } from './service.ts';
import { ValuesValidator } from './validate-values.ts';
import { specValues, valuesOf, type Values } from './values.ts';

/** What admission needs: a client that answers in replicas that do not lead, too, and the stores. */
export interface InstanceAdmissionDeps extends Pick<
  InstanceDeps,
  'client' | 'engine' | 'settings' | 'clock' | 'termsOf'
> {
  readonly stores: Stores;
  /**
   * Asked last, for what nothing else speaks against: takes the place of a new instance in its tenant's plan, or says why
   * there is none. Absent: there are no plans.
   */
  readonly takePlace?: (request: AdmissionRequest, signal: AbortSignal) => Promise<readonly Finding[]>;
}

/** The webhooks of all generated kinds. They read, and write nothing but places in licences and plans. */
export function instanceAdmission(deps: InstanceAdmissionDeps): AdmissionHandler[] {
  const charts = new Charts(deps.engine, deps.client);
  const validator = new ValuesValidator();
  const licenses = new Licenses(deps.client, deps.clock);
  return [
    { path: '/mutate/instances', handle: (request, signal) => mutate(deps, request, signal) },
    {
      path: '/validate/instances',
      handle: (request, signal) => validate({ ...deps, charts, validator, licenses }, request, signal),
    },
  ];
}

async function mutate(
  deps: InstanceAdmissionDeps,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<AdmissionAnswer> {
  const { object, oldObject } = instancesOf(request);
  if (object === undefined || request.subResource !== '') return { allowed: true };
  const source = isMigrated(object, oldObject) ? await findSource(deps, request, object, signal) : undefined;
  const patched = { object, oldObject, sourceUid: source?.metadata.uid };
  const patch = [
    ...patchInstance(request.operation, request.user.username, patched),
    ...(request.operation === 'CREATE' ? namedRelease(deps, request, object) : []),
  ];
  return patch.length === 0 ? { allowed: true } : { allowed: true, patch };
}

/** The instance that another one says it is migrated from: of its own name, in its own namespace. */
async function findSource(
  { client, stores }: InstanceAdmissionDeps,
  { namespace, name }: AdmissionRequest,
  object: Instance,
  signal: AbortSignal,
): Promise<Instance | undefined> {
  const kind = sourceKind(object, stores);
  return kind && client.find(kind, { namespace, name }, { signal });
}

/** An instance that is migrated from another kind's says, like one that takes over a release of Helm, which one that is. */
function namedRelease(
  { stores, settings }: InstanceAdmissionDeps,
  { namespace, name }: AdmissionRequest,
  object: Instance,
): readonly JsonPatchOperation[] {
  const { annotations = {} } = object.metadata;
  if (annotations[MIGRATE_ANNOTATION] === undefined || object.tenantry?.adopted !== undefined) return [];
  const target = namespaceOf({ namespace, name }, settings.operatorNamespace);
  const adopted = releaseIn(stores.get(NAMESPACE, { name: target }));
  return adopted === undefined
    ? []
    : [{ op: 'add', path: '/tenantry', value: jsonOf({ ...object.tenantry, adopted }) }];
}

/** Settings are JSON; their type only does not say so. */
const jsonOf = (settings: Instance['tenantry']): Json => settings as unknown as Json;

interface Validation extends InstanceAdmissionDeps {
  readonly charts: Charts;
  readonly validator: ValuesValidator;
  readonly licenses: Licenses;
}

async function validate(
  deps: Validation,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<AdmissionAnswer> {
  if (request.subResource !== '' || isOurselves(request, deps.settings.operatorNamespace))
    return { allowed: true };
  const objects = instancesOf(request);
  const { object, oldObject } = objects;
  const changes =
    object !== undefined && (request.operation === 'CREATE' || isContentChanged(object, oldObject));
  const { operatorNamespace, accountsNamespace } = deps.settings;
  const terms = deps.termsOf?.(request.namespace, request, deps.stores);
  const revision = runRevision(deps.stores, request, terms);
  const findings = admitInstance(request, objects, {
    operatorNamespace,
    accountsNamespace,
    holdsNamespace: await holdsNamespace(deps, request, objects, signal),
    source: await sourceState(deps, request, objects, signal),
    unconfirmed:
      request.operation === 'DELETE' ? await unconfirmed(deps, request, oldObject, signal) : undefined,
    nodes: deps.stores.list(NODE).map(({ metadata }) => metadata.name),
    target: request.operation === 'CREATE' ? targetOf(deps, request, object) : undefined,
    valuesFindings: changes ? await valuesFindings(deps, revision, object) : [],
    licenseFindings:
      request.operation === 'CREATE' ? await licensed(deps, request, revision, signal, 'findings') : [],
    isolation: revision?.spec.policies.isolation,
    unreadableSecrets: changes ? await unreadableSecrets(deps.client, request, object, signal) : [],
  });
  if (findings.length > 0) return { allowed: false, findings };
  const unplaced = request.operation === 'CREATE' ? await takePlaces(deps, request, revision, signal) : [];
  return unplaced.length === 0 ? { allowed: true } : { allowed: false, findings: unplaced };
}

/** Places in the kind's licence and in the tenant's plan: all that admission ever writes. */
async function takePlaces(
  deps: Validation,
  request: AdmissionRequest,
  revision: Revision | undefined,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const unlicensed = request.dryRun ? [] : await licensed(deps, request, revision, signal, 'take');
  return unlicensed.length > 0 ? unlicensed : ((await deps.takePlace?.(request, signal)) ?? []);
}

/** The revision that the instance would run under its tenant's plan. Where nobody can tell the plan, `takePlace` says so. */
function runRevision(
  stores: Stores,
  request: AdmissionRequest,
  terms: InstanceTerms | undefined,
): InstanceRevision | undefined {
  if (terms === undefined || 'problem' in terms) return currentRevision(stores, request);
  const revision = currentRevision(stores, request, terms.newestRevision);
  if (revision === undefined) return undefined;
  const { spec } = revision;
  return { ...revision, spec: { ...spec, policies: terms.policiesUnder(spec.policies) } };
}

/** The licence stands beside the composition; a kind that nobody offers any more has none. */
async function licensed(
  { licenses }: Validation,
  request: AdmissionRequest,
  revision: Revision | undefined,
  signal: AbortSignal,
  how: 'findings' | 'take',
): Promise<readonly Finding[]> {
  const { namespace } = revision?.metadata ?? {};
  if (namespace === undefined) return [];
  const { group, version, kind, resource } = request;
  const { name = request.name } = request.object?.metadata ?? {};
  const ref = { namespace: request.namespace, name };
  return licenses[how]({ group, version, kind, plural: resource, namespaced: true }, namespace, ref, signal);
}

function instancesOf(request: AdmissionRequest): {
  readonly object: Instance | undefined;
  readonly oldObject: Instance | undefined;
} {
  // True: the webhooks are registered for generated kinds only, whose CRDs have this shape.
  const { object, oldObject } = request;
  return { object, oldObject };
}

/** The operator and the cluster's own controllers delete instances when a service is forced away or a namespace goes. */
function isOurselves({ user, operation }: AdmissionRequest, operatorNamespace: string): boolean {
  if (user.username === `system:serviceaccount:${operatorNamespace}:${OPERATOR_NAME}`) return true;
  return operation === 'DELETE' && user.groups.includes('system:serviceaccounts:kube-system');
}

function targetOf(
  { stores, settings }: Validation,
  { namespace, name }: AdmissionRequest,
  object: Instance | undefined,
): TargetNamespace | undefined {
  const { adopted } = object?.tenantry ?? {};
  const target = stores.get(NAMESPACE, {
    name: adopted?.namespace ?? namespaceOf({ namespace, name }, settings.operatorNamespace),
  });
  if (target === undefined) return undefined;
  return { terminating: target.metadata.deletionTimestamp !== undefined, ownerKind: ownerKind(target) };
}

/** How the instance stands that another one is to be migrated from: of its name, in its namespace, and the user's to delete. */
async function sourceState(
  deps: Validation,
  request: AdmissionRequest,
  { object, oldObject }: ReturnType<typeof instancesOf>,
  signal: AbortSignal,
): Promise<SourceState | undefined> {
  if (object === undefined || !isMigrated(object, oldObject)) return undefined;
  const { client, stores, settings } = deps;
  const { namespace, name, user } = request;
  const kind = sourceKind(object, stores);
  if (kind === undefined) return 'unknown';
  const { group, plural: resource } = kind;
  if (!(await mayUser(client, user, { verb: 'delete', group, resource, namespace, name }, signal)))
    return 'notYours';
  const source = await findSource(deps, request, object, signal);
  // What was looked at when the UID was noted is what these rights are about.
  if (source === undefined || source.metadata.uid !== sourceUidOf(object)) return 'absent';
  const home =
    source.tenantry?.adopted?.namespace ?? namespaceOf({ namespace, name }, settings.operatorNamespace);
  const holder = await client.find(NAMESPACE, { name: home }, { signal });
  if (holder === undefined || home !== (object.tenantry?.adopted?.namespace ?? home)) return 'absent';
  return isGiving(source, holder, object.kind) ? 'ready' : 'busy';
}

/** The kind that an instance was migrated from, while the one of that kind is there and this one has the namespace. */
async function unconfirmed(
  { client, stores, settings }: Validation,
  { namespace, name }: AdmissionRequest,
  instance: Instance | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const kind = instance === undefined ? undefined : sourceKind(instance, stores);
  if (instance === undefined || kind === undefined) return undefined;
  const usual = namespaceOf({ namespace, name }, settings.operatorNamespace);
  const home = instance.tenantry?.adopted?.namespace ?? usual;
  const holder = await client.find(NAMESPACE, { name: home }, { signal });
  if (holder?.metadata.labels?.[INSTANCE_UID_LABEL] !== instance.metadata.uid) return undefined;
  return (await client.find(kind, { namespace, name }, { signal })) === undefined ? undefined : kind.kind;
}

/** Asked only where an instance is to move, and then of the API: an instance that moves leaves behind what it has. */
async function holdsNamespace(
  { client, settings }: Validation,
  { namespace, name }: AdmissionRequest,
  { object, oldObject }: ReturnType<typeof instancesOf>,
  signal: AbortSignal,
): Promise<boolean> {
  if (object === undefined || oldObject === undefined || !isMoved(object, oldObject)) return false;
  const usual = namespaceOf({ namespace, name }, settings.operatorNamespace);
  const names = new Set([usual, oldObject.tenantry?.adopted?.namespace ?? usual]);
  const found = await Promise.all([...names].map((one) => client.find(NAMESPACE, { name: one }, { signal })));
  return found.some((one) => one?.metadata.labels?.[INSTANCE_UID_LABEL] === oldObject.metadata.uid);
}

function ownerKind({ metadata }: KubeObject): string | undefined {
  const kind = metadata.labels?.[INSTANCE_KIND_LABEL];
  if (kind !== undefined) return kind;
  // A namespace of KubePlus's own making: the release's name begins with the kind in small letters, in quotes.
  const release = metadata.annotations?.[RELEASE_NAME_ANNOTATION]?.replaceAll('"', '');
  return release?.endsWith(`-${metadata.name}`) === true
    ? release.slice(0, -metadata.name.length - 1)
    : undefined;
}

/** The newest revision of the service whose kind this is. */
function currentRevision(
  stores: Stores,
  { group, kind }: Pick<AdmissionRequest, 'group' | 'kind'>,
  newest = Infinity,
): Revision | undefined {
  const revisions = stores.list(REVISION);
  return stores
    .list(RESOURCE_COMPOSITION)
    .map(({ metadata }) => revisionsOf(revisions, metadata.uid))
    .find((own) => own.at(-1)?.spec.resource.group === group && own.at(-1)?.spec.resource.kind === kind)
    ?.findLast(({ spec }) => spec.number <= newest);
}

async function valuesFindings(
  deps: Validation,
  revision: Revision | undefined,
  object: Instance,
): Promise<readonly Finding[]> {
  if (revision === undefined || revision.spec.valuesSchema === null) return [];
  const defaults = await defaultsOf(deps.charts, revision);
  const layers = {
    operator: registryValues(deps.settings.imageRegistry, revision.spec.valuesSchema),
    provider: revision.spec.providerValues,
    spec: specValues(object, defaults ?? {}),
  };
  // As Helm does it: the chart's defaults under everything, so that what they bring is not missing.
  const values = valuesOf({ ...layers, provider: layers.provider }, []);
  const partial = defaults === undefined || (object.tenantry?.valuesFrom ?? []).length > 0;
  const merged = valuesOver(defaults ?? {}, values);
  return deps.validator.findings(revision.spec.valuesSchema, merged, partial, layers.spec);
}

function valuesOver(defaults: Values, values: Values): Values {
  return valuesOf({ provider: defaults, spec: values }, []);
}

/** Without the chart at hand, what is missing can't be told from what is default; rendering finds it. */
async function defaultsOf(charts: Charts, revision: Revision): Promise<Values | undefined> {
  try {
    return (await charts.info(revision)).values;
  } catch {
    return undefined;
  }
}

/** Otherwise who may create instances could read every Secret of the namespace through one. */
async function unreadableSecrets(
  client: Client,
  { user, namespace }: AdmissionRequest,
  object: Instance,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const names = new Set((object.tenantry?.valuesFrom ?? []).map(({ secretName }) => secretName));
  const answers = await Promise.all(
    [...names].map(async (name) => {
      const wanted = { verb: 'get', resource: 'secrets', group: '', namespace, name };
      return (await mayUser(client, user, wanted, signal)) ? [] : [name];
    }),
  );
  return answers.flat();
}
