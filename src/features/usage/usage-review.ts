import type { JsonObject } from '../../api/json-schema.ts';
import { INSTANCE_UID_LABEL, OPERATOR_NAME, SERVICE_UID_LABEL } from '../../api/names.ts';
import type { UsageReview } from '../../api/usage-review.ts';
import type { Reader } from '../../client/client.ts';
import { LEASE, NAMESPACE, POD } from '../../kube/builtin-kinds.ts';
import { messageOf } from '../../lib/error-text.ts';
import { isMap } from '../../lib/narrow.ts';
import type { AdmissionAnswer, AdmissionHandler, AdmissionRequest } from '../../runtime/admission.ts';
import type { UsageSource } from './usage-metrics.ts';

/** Path of the page, without the namespace that is asked for. */
const USAGE_PAGE = '/usage/';

/** The answer to a UsageReview. */
export type UsageAnswer = NonNullable<UsageReview['status']>;

export interface ReviewDeps extends UsageSource {
  readonly client: Reader;
  readonly operatorNamespace: string;
  /** Port on which the leader shows its page. */
  readonly port: number;
  /** Reads JSON from another replica. */
  readonly read: (url: string, signal: AbortSignal) => Promise<unknown>;
}

/** What this process knows of a namespace; undefined where it knows nothing: it does not lead, or no instance is there. */
export function usagePage({ stores, book, countedOf }: UsageSource, path: string): UsageAnswer | undefined {
  if (!path.startsWith(USAGE_PAGE)) return undefined;
  const name = path.slice(USAGE_PAGE.length);
  const labels = stores.get(NAMESPACE, { name })?.metadata.labels ?? {};
  const known = labels[INSTANCE_UID_LABEL] === undefined ? undefined : book.of(name);
  if (known === undefined) return undefined;
  const { at, pods, history, application, gaps } = known;
  // Numbers and texts; figures that nobody told are left out where it becomes JSON.
  const plain = (values: readonly object[]): JsonObject[] => values.map((value) => value as JsonObject);
  return {
    at,
    counted: countedOf(labels[SERVICE_UID_LABEL] ?? ''),
    pods: plain(pods),
    history: plain(history),
    application: application.map((metric) => ({ ...metric })),
    gaps: [...gaps],
  };
}

/**
 * Answers UsageReviews: by what this process knows, or by what the leader says. Who may ask is the API server's to say: it lets only
 * those through who may create usagereviews in the namespace.
 */
export function usageReviews(deps: ReviewDeps): AdmissionHandler {
  return {
    path: '/mutate/usage',
    handle: async (request, signal) => {
      const refusal = refusalOf(request);
      if (refusal !== undefined) return { allowed: false, findings: [{ message: refusal }] };
      const value = await answerTo(deps, request.namespace, signal);
      return { allowed: true, patch: [{ op: 'add', path: '/status', value }] } satisfies AdmissionAnswer;
    },
  };
}

function refusalOf({ operation, dryRun }: AdmissionRequest): string | undefined {
  if (operation === 'CREATE' && dryRun) return undefined;
  return 'a UsageReview is a question and is not kept: create it with dry run (kubectl create --dry-run=server -o yaml)';
}

async function answerTo(deps: ReviewDeps, namespace: string, signal: AbortSignal): Promise<UsageAnswer> {
  const { labels } = deps.stores.get(NAMESPACE, { name: namespace })?.metadata ?? {};
  if (labels?.[INSTANCE_UID_LABEL] === undefined)
    return { gaps: [`${namespace} is no namespace of an instance`] };
  const path = `${USAGE_PAGE}${namespace}`;
  const own = usagePage(deps, path);
  if (own !== undefined) return own;
  try {
    const address = await findLeader(deps);
    const answer = address === undefined ? undefined : await deps.read(`http://${address}${path}`, signal);
    if (isMap(answer)) return answer;
  } catch (error) {
    return { gaps: [`The leading operator did not tell what this namespace uses: ${messageOf(error)}`] };
  }
  return {
    gaps: ['The operator has no figures of this namespace yet; the kubelets are asked every 30 seconds'],
  };
}

/** Address and port of the leader, undefined if there is none now. */
async function findLeader({ client, operatorNamespace, port }: ReviewDeps): Promise<string | undefined> {
  const lease = await client.find(LEASE, { namespace: operatorNamespace, name: OPERATOR_NAME });
  const name = lease?.spec?.holderIdentity ?? '';
  const pod = name === '' ? undefined : await client.find(POD, { namespace: operatorNamespace, name });
  const ip = pod?.status?.podIP;
  if (ip === undefined) return undefined;
  return `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
}
