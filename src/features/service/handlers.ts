import { SERVICE_UID_LABEL } from '../../api/names.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../../api/resource-composition.ts';
import { REVISION, revisionsOf } from '../../api/revision.ts';
import { isProviderNamespace } from '../../api/tenant-of-namespace.ts';
import { CRD, NAMESPACE, NODE } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { AnyObject } from '../../kube/object.ts';
import { addQuantities, parseQuantity, type Quantity } from '../../lib/quantity.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type {
  AdmissionAnswer,
  AdmissionHandler,
  AdmissionRequest,
  Finding,
} from '../../runtime/admission.ts';
import type { Stores } from '../../runtime/controller.ts';
import {
  admitDelete,
  admitWrite,
  chartFinding,
  foreignKinds,
  type Capacity,
  type WriteWorld,
} from './admit.ts';
import { ChartProblems, type ChartProblem } from './chart-problem.ts';
import { checkChart } from './check-chart.ts';
import type { ServiceDeps } from './dependencies.ts';
import { getChart } from './get-chart.ts';
import { compositionPatch } from './mutate.ts';
import { listInstances } from './observe-removal.ts';
import { isAllowed, notLetIn, operatorProblems, SUBJECT_ACCESS_REVIEW } from './operator-rights.ts';
import type { Right } from './rights.ts';
import { tryPolicies, type ChartSample, type PolicyTrial, type TrialAnswer } from './policy-trial.ts';
import { inputsHashOf } from './service-objects.ts';
import { isOwnGroup, policiesOf, resourceOf } from './service-spec.ts';
import { nameFindings, sourceFindings } from './spec-findings.ts';

/** What admission needs besides. */
export interface ServiceAdmissionDeps extends ServiceDeps {
  readonly stores: Stores;
}

/** Milliseconds that looking at the chart may take; the API server waits 10 s for the whole answer. */
const CHART_BUDGET_MS = 8000;

/** Verb that whoever registers services must hold on resourcecompositions. */
export const REGISTER_VERB = 'register';

/** Verb that whoever registers services with `podSecurity: privileged` must hold there, too. */
export const UNCONFINE_VERB = 'unconfine';

/** The two webhook paths of compositions. They read only, so that `--dry-run=server` is exact. */
export function serviceAdmission(deps: ServiceAdmissionDeps): AdmissionHandler[] {
  return [
    {
      path: '/mutate/compositions',
      handle: (request) => Promise.resolve({ allowed: true, patch: compositionPatch(request) }),
    },
    {
      path: '/validate/compositions',
      handle: async (request, signal) => validate(deps, request, signal),
    },
  ];
}

async function validate(
  deps: ServiceAdmissionDeps,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<AdmissionAnswer> {
  if (request.resource !== RESOURCE_COMPOSITION.plural || request.subResource !== '')
    return { allowed: true };
  if (request.operation === 'DELETE') return answer(await validateDelete(deps, request, signal));
  const composition = compositionOf(request.object);
  if (composition === undefined) return { allowed: true };
  const before = compositionOf(request.oldObject);
  // Labels, annotations, finalizers: not ours to judge.
  if (before !== undefined && deepEqual(before.spec, composition.spec)) return { allowed: true };
  const limit = new AbortController();
  const cancel = deps.clock.after(CHART_BUDGET_MS, () => limit.abort());
  const since = deps.clock.monotonic();
  const inTime = { signal: AbortSignal.any([signal, limit.signal]), limit: limit.signal };
  try {
    const { world, warnings, sample } = await writeWorld(deps, {
      request,
      composition,
      before,
      signal,
      inTime,
    });
    const findings = admitWrite(composition.spec, world);
    // Whoever names the kind of somebody else has nothing tried as that one's account.
    if (findings.length > 0 || sample === undefined) return answer(findings, warnings);
    const budgetMs = CHART_BUDGET_MS - (deps.clock.monotonic() - since);
    const policies = policiesOf(composition.spec);
    const trial = await tryPolicies(deps, { resource: world.resource, policies, sample, budgetMs, signal });
    return trialAnswer(trial, deps.policyTrial?.mode, warnings);
  } finally {
    cancel();
  }
}

function trialAnswer(
  { denials, untried }: TrialAnswer,
  mode: PolicyTrial['mode'] | undefined,
  warnings: readonly string[],
): AdmissionAnswer {
  const told = [...warnings, ...untried];
  if (mode === 'refuse')
    return answer(
      denials.map(({ message }) => chartFinding(message)),
      told,
    );
  return answer([], [...told, ...denials.map(({ message }) => message)]);
}

function answer(findings: readonly Finding[], warnings: readonly string[] = []): AdmissionAnswer {
  if (findings.length > 0) return { allowed: false, findings };
  return { allowed: true, ...(warnings.length > 0 ? { warnings } : {}) };
}

/** The object as a composition. True because the API server checked it against the CRD before it asked us. */
function compositionOf(object: AnyObject | undefined): ResourceComposition | undefined {
  return object as (AnyObject & ResourceComposition) | undefined;
}

async function validateDelete(
  deps: ServiceAdmissionDeps,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const composition = compositionOf(request.oldObject);
  if (composition === undefined) return [];
  const [mayRegister, instances] = await Promise.all([
    mayUserRegister(deps, request, signal),
    instancesOf(deps, composition),
  ]);
  return admitDelete(composition, { mayRegister, instances });
}

/** Instances of the kind that this composition registered; a kind that is somebody else's does not count. */
async function instancesOf(
  deps: ServiceAdmissionDeps,
  composition: ResourceComposition,
): ReturnType<typeof listInstances> {
  const revision = revisionsOf(
    deps.stores.list(REVISION, composition.metadata.namespace),
    composition.metadata.uid,
  ).at(-1);
  if (revision === undefined) return [];
  const { plural, group } = revision.spec.resource;
  const crd = await deps.client.find(CRD, { name: `${plural}.${group}` });
  const isOurs = crd?.metadata.labels?.[SERVICE_UID_LABEL] === composition.metadata.uid;
  return isOurs ? listInstances(deps.client, revision.spec.resource) : [];
}

function mayUserRegister(
  deps: ServiceAdmissionDeps,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<boolean> {
  const { group, plural } = RESOURCE_COMPOSITION;
  return mayUser(deps, request, { group, resource: plural, verb: REGISTER_VERB }, signal);
}

function mayUser(
  { client }: ServiceAdmissionDeps,
  { user, namespace }: AdmissionRequest,
  right: Right,
  signal: AbortSignal,
): Promise<boolean> {
  const { username, uid, groups } = user;
  const spec = { user: username, uid, groups, resourceAttributes: { ...right, namespace } };
  return isAllowed(client, SUBJECT_ACCESS_REVIEW, spec, signal);
}

/** What the composition asks for beyond registering, and whether this user may. */
async function furtherRights(
  deps: ServiceAdmissionDeps,
  { request, composition, signal }: Writing,
): Promise<Pick<WriteWorld, 'mayUnconfine' | 'mayUseGroup' | 'unreadableSecret'>> {
  const { newResource, policies } = composition.spec;
  const { group, plural } = RESOURCE_COMPOSITION;
  const secret = newResource.chart?.secretRef?.name;
  const kind = resourceOf(composition, deps.settings.operatorNamespace);
  const [mayUseGroup, mayUnconfine, mayRead] = await Promise.all([
    isOwnGroup(kind.group, request.namespace, deps.settings.operatorNamespace) ||
      mayUser(deps, request, { group: kind.group, resource: kind.plural, verb: 'create' }, signal),
    policies?.podSecurity !== 'privileged' ||
      mayUser(deps, request, { group, resource: plural, verb: UNCONFINE_VERB }, signal),
    // Whoever changes only the URL sends the Secret somewhere else: he is asked, too.
    secret === undefined ||
      mayUser(deps, request, { group: '', resource: 'secrets', verb: 'get', name: secret }, signal),
  ]);
  return { mayUnconfine, mayUseGroup, unreadableSecret: mayRead ? undefined : secret };
}

interface Writing {
  readonly request: AdmissionRequest;
  readonly composition: ResourceComposition;
  readonly before: ResourceComposition | undefined;
  readonly signal: AbortSignal;
  /** Aborted when the time for looking at the chart is over, which `limit` tells from an end of the request. */
  readonly inTime: { readonly signal: AbortSignal; readonly limit: AbortSignal };
}

async function writeWorld(
  deps: ServiceAdmissionDeps,
  writing: Writing,
): Promise<{ world: WriteWorld; warnings: readonly string[]; sample?: ChartSample | undefined }> {
  const { request, before, signal } = writing;
  const { operatorNamespace } = deps.settings;
  // A dry-run or a generated name may leave the namespace to the request.
  const composition = {
    ...writing.composition,
    metadata: { ...writing.composition.metadata, namespace: request.namespace },
  };
  const resource = resourceOf(composition, operatorNamespace);
  const registered = revisionsOf(deps.stores.list(REVISION, request.namespace), composition.metadata.uid).at(
    -1,
  )?.spec.resource;
  const base = { operatorNamespace, resource, registered };
  const mayRegister = await mayUserRegister(deps, request, signal);
  if (!mayRegister) {
    const world = {
      ...base,
      mayRegister,
      isProviderNamespace: true,
      taken: [],
      chart: [],
      capacity: NOTHING_KNOWN,
      mayUnconfine: false,
      mayUseGroup: false,
      unreadableSecret: undefined,
    };
    return { world, warnings: [] };
  }
  const isProviderNamespace = await isProvider(deps, request.namespace);
  const [taken, chart, capacity, further] = await Promise.all([
    registered === undefined ? takenKinds(deps, composition, resource) : [],
    // Uploads and Secrets of other namespaces are nothing that the operator may read.
    isProviderNamespace ? lookAtChart(deps, { ...writing, composition }, before) : NOT_LOOKED,
    capacityOf(deps),
    furtherRights(deps, { ...writing, composition }),
  ]);
  return {
    world: { ...base, mayRegister, isProviderNamespace, taken, chart: chart.problems, capacity, ...further },
    warnings: chart.warnings,
    sample: chart.sample,
  };
}

async function isProvider(deps: ServiceAdmissionDeps, namespace: string): Promise<boolean> {
  if (namespace === deps.settings.operatorNamespace) return true;
  const object = await deps.client.find(NAMESPACE, { name: namespace });
  return isProviderNamespace(object);
}

/** Kinds that stand in the way: served ones, and those of compositions that are not registered yet. */
async function takenKinds(
  deps: ServiceAdmissionDeps,
  composition: ResourceComposition,
  resource: WriteWorld['resource'],
): Promise<readonly Kind[]> {
  const others = deps.stores
    .list(RESOURCE_COMPOSITION)
    .filter(
      ({ metadata }) =>
        metadata.namespace !== composition.metadata.namespace || metadata.name !== composition.metadata.name,
    )
    .map((other) => ({ ...resourceOf(other, deps.settings.operatorNamespace), namespaced: true }));
  const services = deps.stores
    .list(CRD)
    .filter(({ metadata }) => metadata.labels?.[SERVICE_UID_LABEL] !== undefined)
    .map(({ spec }): Kind => ({
      group: spec.group,
      version: '',
      kind: spec.names.kind,
      plural: spec.names.plural,
      namespaced: true,
    }));
  const inTheWay = async (): Promise<readonly Kind[]> => {
    const served = await deps.discovery.resources();
    return [
      ...foreignKinds(resource, served, services),
      ...others.filter(({ group }) => group === resource.group),
    ].filter(({ kind, plural }) => kind === resource.kind || plural === resource.plural);
  };
  const found = await inTheWay();
  if (found.length === 0) return found;
  // Discovery is cached; a kind that was deleted a moment ago is in nobody's way.
  deps.discovery.invalidate();
  return inTheWay();
}

interface ChartLook {
  readonly problems: readonly ChartProblem[];
  readonly warnings: readonly string[];
  /** What the chart renders, where nothing is wrong with it. */
  readonly sample?: ChartSample | undefined;
}

const NOT_LOOKED: ChartLook = { problems: [], warnings: [] };

/** The same check that the controller makes, if it can be made in time; else the conditions will tell. */
async function lookAtChart(
  deps: ServiceAdmissionDeps,
  { composition, inTime }: Writing,
  before: ResourceComposition | undefined,
): Promise<ChartLook> {
  const isUnchanged = before !== undefined && inputsHashOf(before) === inputsHashOf(composition);
  if (isUnchanged || sourceFindings(composition.spec).length > 0) return NOT_LOOKED;
  const { spec } = composition;
  // Anybody in the pod network can call a webhook and say that he is the cluster's owner: nothing is sent that only some may have.
  if (spec.newResource.chart?.secretRef !== undefined) return { problems: [], warnings: [LATER] };
  const resource = resourceOf(composition, deps.settings.operatorNamespace);
  const namespace = composition.metadata.namespace ?? '';
  const { signal } = inTime;
  try {
    const [own, chart] = await Promise.all([
      // Nobody should grant rights on a name that is refused anyway.
      nameFindings(spec).length > 0 ? [] : operatorProblems(deps.client, resource, signal),
      problemsOf(namespace, chartOf(deps, { spec, resource, namespace, signal })),
    ]);
    const found = [...own, ...chart.problems];
    // A source that has a bad moment is no fault of the composition.
    const lasting = found.filter(({ reason }) => !TRANSIENT.has(reason));
    const warnings = lasting.length < found.length ? [LATER] : [];
    return { problems: lasting, warnings, sample: chart.sample };
  } catch (error) {
    if (inTime.limit.aborted) return { problems: [], warnings: [LATER] };
    throw error;
  }
}

interface ChartToCheck {
  readonly spec: ResourceComposition['spec'];
  readonly resource: WriteWorld['resource'];
  readonly namespace: string;
  readonly signal: AbortSignal;
}

async function chartOf(
  deps: ServiceAdmissionDeps,
  { spec, resource, namespace, signal }: ChartToCheck,
): Promise<ChartSample> {
  const sources = { live: deps.client, fetchChart: deps.fetchChart };
  const bytes = await getChart(sources, {
    spec,
    namespace,
    timeoutMs: CHART_BUDGET_MS,
    anonymous: true,
    signal,
  });
  const { sample } = await checkChart(deps, { namespace, spec, resource, bytes, signal });
  return sample;
}

const LATER = 'the chart could not be checked in time; see the conditions of this ResourceComposition';
const TRANSIENT: ReadonlySet<string> = new Set(['SourceTimeout', 'SourceUnavailable', 'ChartTruncated']);

async function problemsOf(
  namespace: string,
  check: Promise<ChartSample>,
): Promise<{ readonly problems: readonly ChartProblem[]; readonly sample?: ChartSample }> {
  try {
    return { problems: [], sample: await check };
  } catch (error) {
    if (error instanceof ChartProblems) return { problems: error.problems };
    // Where the operator is not at home, somebody must have let it in.
    if (isKubeError(error, 'Forbidden'))
      return { problems: [{ reason: 'MissingPermissions', message: notLetIn(namespace, error) }] };
    throw error;
  }
}

const NOTHING_KNOWN: Capacity = { cpu: undefined, memory: undefined };

async function capacityOf(deps: ServiceAdmissionDeps): Promise<Capacity> {
  const { items } = await deps.client.list(NODE);
  const total = (name: string): Quantity | undefined =>
    items
      .flatMap(({ status }) => parseQuantity(status?.allocatable?.[name] ?? '') ?? [])
      .reduce<Quantity | undefined>(
        (sum, next) => (sum === undefined ? next : addQuantities(sum, next)),
        undefined,
      );
  return { cpu: total('cpu'), memory: total('memory') };
}
