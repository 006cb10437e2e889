import { serviceAccountName } from '../../api/instance.ts';
import type { RevisionSpec, ServicePolicies } from '../../api/revision.ts';
import { FIELD_MANAGER, type Client } from '../../client/client.ts';
import { isKubeError, type KubeError } from '../../kube/kube-error.ts';
import type { Kind } from '../../kube/kind.ts';
import type { AnyObject } from '../../kube/object.ts';
import { mapLimit } from '../../lib/limit.ts';
import type { ChartProblem } from './chart-problem.ts';
import { kindKey, type ChartObject } from './chart-objects.ts';
import type { ServiceDeps } from './dependencies.ts';

/** Objects that are tried; charts have tens, and each is a call that other people's webhooks answer. */
const MAX_TRIED = 200;
/** Calls at the same time. */
const PARALLEL = 8;
/** Milliseconds for one object; the API server gives a webhook 10 s at most unless it is told otherwise. */
const CALL_TIMEOUT_MS = 10_000;
/** How soon it is noticed that a policy lets the chart pass now: nothing tells of it. */
const POLICY_RETRY_MS = 60_000;
/** Objects named that could not be tried; the rest of them mostly has the same reason. */
const MAX_UNTRIED = 3;

/** What a chart renders with its defaults and each example, as the check saw it. */
export interface ChartSample {
  readonly renderings: readonly (readonly ChartObject[])[];
  /** Kinds by `apiVersion/Kind`. */
  readonly kinds: ReadonlyMap<string, Kind | undefined>;
  readonly rules: RevisionSpec['rules'];
  /** Kinds as a revision would list them. */
  readonly seen: RevisionSpec['kinds'];
  /** Namespace that it was rendered for. */
  readonly namespace: string;
}

/** How an instance of the service writes what its chart renders. */
export interface WritingContext {
  readonly namespace: string;
  readonly policies: ServicePolicies;
  readonly kinds: RevisionSpec['kinds'];
  readonly rules: RevisionSpec['rules'];
  readonly account: { readonly namespace: string; readonly name: string };
  readonly kindOf: (apiVersion: string, kind: string) => Kind | undefined;
}

/** Objects as instances write them: marked, with the service's settings for pods. What an instance would refuse to write is left out. */
export type AsWritten = (objects: readonly ChartObject[], context: WritingContext) => readonly ChartObject[];

/** How the operator's owner wants charts tried on the cluster's policies. */
export interface PolicyTrial {
  /** Whether a denial keeps the service from being registered, or is only told. */
  readonly mode: 'refuse' | 'warn';
  /** Namespace that stands for an instance's; nothing is ever stored in it. */
  readonly namespace: string;
  readonly asWritten: AsWritten;
}

export interface TrialInput {
  readonly resource: RevisionSpec['resource'];
  readonly policies: ServicePolicies;
  readonly sample: ChartSample;
  /** Milliseconds for all of it. */
  readonly budgetMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface TrialAnswer {
  /** What policies deny, in their own words. */
  readonly denials: readonly ChartProblem[];
  /** What they could not be asked about, and why. */
  readonly untried: readonly string[];
}

type Deps = Pick<ServiceDeps, 'client' | 'clock' | 'settings' | 'policyTrial'>;

/** What became of one object. `silent`: no policy had a say, for a reason that others tell or nobody needs. */
type Verdict =
  | { readonly state: 'passed' | 'silent' }
  | { readonly state: 'denied' | 'untried'; readonly words: string; readonly one: ChartObject }
  | { readonly state: 'homeless'; readonly words: string };

/**
 * Asks the cluster's admission policies about what a chart renders: each object is created as a dry run, as the account that instances are
 * made with, in a namespace that stands for theirs. So policies see what they would see, webhooks are called as dry runs allow it, the
 * account's rights are the limit, and nothing is stored.
 */
export async function tryPolicies(deps: Deps, input: TrialInput): Promise<TrialAnswer> {
  const { policyTrial: trial } = deps;
  if (trial === undefined) return { denials: [], untried: [] };
  const { sample, resource, policies, signal } = input;
  const account = { namespace: deps.settings.accountsNamespace, name: serviceAccountName(resource) };
  const written = writtenObjects(trial.asWritten, sample, { policies, account });
  const limit = new AbortController();
  const cancel = deps.clock.after(input.budgetMs, () => limit.abort());
  const inTime = AbortSignal.any([limit.signal, ...(signal === undefined ? [] : [signal])]);
  const ask = asker(deps.client.as(account), trial.namespace, { sample, policies, signal: inTime });
  try {
    const verdicts = await mapLimit(written.slice(0, MAX_TRIED), PARALLEL, ask);
    signal?.throwIfAborted();
    return answerOf(verdicts, written.length - MAX_TRIED);
  } finally {
    cancel();
  }
}

/** Every object once: examples mostly repeat what the defaults give. */
function writtenObjects(
  asWritten: AsWritten,
  { renderings, kinds, seen, rules, namespace }: ChartSample,
  { policies, account }: Pick<WritingContext, 'policies' | 'account'>,
): readonly ChartObject[] {
  const kindOf = (apiVersion: string, kind: string): Kind | undefined =>
    kinds.get(kindKey({ apiVersion, kind }));
  const context = { namespace, policies, kinds: seen, rules, account, kindOf };
  const all = renderings.flatMap((objects) => asWritten(objects, context));
  return [...new Map(all.map((one) => [JSON.stringify(one.object), one])).values()];
}

function asker(
  client: Client,
  namespace: string,
  context: Pick<TrialInput, 'sample' | 'policies'> & { readonly signal: AbortSignal },
): (one: ChartObject) => Promise<Verdict> {
  const { sample, policies, signal } = context;
  const options = { dryRun: true, fieldManager: FIELD_MANAGER, timeoutMs: CALL_TIMEOUT_MS, signal };
  let homeless: Verdict | undefined;
  return async (one) => {
    const kind = sample.kinds.get(kindKey(one.object));
    if (kind === undefined) return { state: 'silent' };
    if (homeless !== undefined) return homeless;
    try {
      await client.create<AnyObject>(asAny(kind), placed(one.object, kind, namespace), options);
      return { state: 'passed' };
    } catch (error) {
      if (!isKubeError(error)) throw error;
      const verdict = verdictOf(error, one, policies);
      if (verdict.state === 'homeless') homeless = verdict;
      return verdict;
    }
  };
}

function placed(object: AnyObject, kind: Kind, namespace: string): AnyObject {
  return kind.namespaced ? { ...object, metadata: { ...object.metadata, namespace } } : object;
}

/** The kind for plain JSON. */
function asAny({ group, version, kind, plural, namespaced }: Kind): Kind<AnyObject> {
  return { group, version, kind, plural, namespaced };
}

/** How the API server says that a policy or a webhook answered no. Its status tells this apart from a missing right by words only. */
const DENIALS = [
  /ValidatingAdmissionPolicy '.*? denied request[\s\S]*/,
  /admission webhook ".*" denied the request[\s\S]*/,
];
/** Pod Security says it of pods that a chart brings itself. */
const POD_SECURITY = /violates PodSecurity[\s\S]*/;
const NO_NAMESPACE = /namespaces "[^"]*" not found/;

function verdictOf(error: KubeError, one: ChartObject, { podSecurity }: ServicePolicies): Verdict {
  const { message } = error;
  const denied = DENIALS.map((pattern) => pattern.exec(message)?.[0]).find((words) => words !== undefined);
  if (denied !== undefined) return { state: 'denied', words: denied, one };
  const confined = POD_SECURITY.exec(message)?.[0];
  // The namespace of such a service's instances asks for less than the one that stands for it.
  if (confined !== undefined)
    return podSecurity === 'privileged' ? { state: 'silent' } : { state: 'denied', words: confined, one };
  if (NO_NAMESPACE.test(message)) return { state: 'homeless', words: message };
  // A kind that the chart brings itself, and an object of a name that is taken: policies are asked about neither.
  if (isKubeError(error, 'NotFound', 'AlreadyExists')) return { state: 'silent' };
  const words = isKubeError(error, 'Cancelled') ? 'there was no time left' : message;
  return { state: 'untried', words, one };
}

function answerOf(verdicts: readonly Verdict[], beyond: number): TrialAnswer {
  const homeless = verdicts.find((verdict) => verdict.state === 'homeless');
  if (homeless !== undefined) {
    const remedy = "apply the cluster part of the operator's chart again";
    return { denials: [], untried: [`${UNTRIED} this chart: ${homeless.words}; ${remedy}`] };
  }
  const denials = verdicts.flatMap((verdict) => (verdict.state === 'denied' ? [denialOf(verdict)] : []));
  const untried = verdicts.flatMap((verdict) => (verdict.state === 'untried' ? [verdict] : []));
  const unnamed = Math.max(untried.length - MAX_UNTRIED, 0) + Math.max(beyond, 0);
  return {
    denials: [...new Map(denials.map((denial) => [denial.message, denial])).values()],
    untried: [
      ...untried.slice(0, MAX_UNTRIED).map(({ one, words }) => `${UNTRIED} ${nameOf(one)}: ${words}`),
      ...(unnamed > 0 ? [`${UNTRIED} ${unnamed} further objects`] : []),
    ],
  };
}

const UNTRIED = 'the policies of this cluster could not be tried on';

function denialOf({ one, words }: { readonly one: ChartObject; readonly words: string }): ChartProblem {
  return {
    reason: 'PolicyDenied',
    message: `a policy of this cluster refuses ${nameOf(one)}: ${words}; change the chart or spec.newResource.providerValues, or have the policy changed`,
    retryMs: POLICY_RETRY_MS,
  };
}

function nameOf({ object, source }: ChartObject): string {
  return `${object.kind} ${object.metadata.name} (${source})`;
}
