import { matchesSelector, type LabelSelector } from '../../src/kube/selector.ts';
import type { AdmissionRequest } from '../../src/runtime/admission.ts';
import { isMap, listAt, mapAt, stringAt, type JsonMap, type Stored } from './json.ts';
import { matchCondition } from './match-conditions.ts';
import type { Resource } from './resources.ts';
import { notImplemented } from './status-error.ts';
import type { Store } from './store.ts';

/** Mutating ones come first, one after the other, and may patch. */
export type AdmissionPhase = 'mutating' | 'validating';

/** One webhook of a stored configuration. */
export interface Hook {
  readonly name: string;
  readonly url: string;
  /** PEM of the authority its certificate must come from. */
  readonly ca: string | undefined;
  readonly timeoutSeconds: number;
  /** What fails counts as allowed. */
  readonly failsOpen: boolean;
  concerns(asked: Asked): boolean;
}

/** A write as rules, selectors and conditions look at it. */
export interface Asked {
  readonly review: AdmissionRequest;
  readonly resource: Resource;
  /** Labels of the namespace it happens in; its own of a Namespace; undefined at the cluster's scope. */
  readonly namespaceLabels: Labels | undefined;
}

type Labels = Readonly<Record<string, string>>;

const KINDS = { mutating: 'MutatingWebhookConfiguration', validating: 'ValidatingWebhookConfiguration' };

/** What the fake API server can't heed in a webhook, by the test that finds it. */
const BEYOND: readonly (readonly [
  what: string,
  found: (webhook: JsonMap, phase: AdmissionPhase) => boolean,
])[] = [
  [
    'a webhook behind a Service (only clientConfig.url)',
    (w) => mapAt(w, 'clientConfig')['url'] === undefined,
  ],
  ['reinvocationPolicy IfNeeded', (w) => w['reinvocationPolicy'] === 'IfNeeded'],
  ['matchPolicy Exact', (w) => w['matchPolicy'] === 'Exact'],
  ['webhooks with side effects', (w) => !['None', 'NoneOnDryRun'].includes(String(w['sideEffects']))],
  [
    'a mutating webhook that is asked for deletions',
    (w, phase) =>
      phase === 'mutating' &&
      rulesOf(w).some((rule) => ['*', 'DELETE'].some((o) => listAt(rule, 'operations').includes(o))),
  ],
];

const rulesOf = (webhook: JsonMap): readonly JsonMap[] => listAt(webhook, 'rules').filter(isMap);
const phaseOf = (kind: string): AdmissionPhase | undefined =>
  (['mutating', 'validating'] as const).find((phase) => KINDS[phase] === kind);

/** Refuses a webhook configuration with what the fake API server would not heed. */
export function checkWebhooks(kind: string, configuration: JsonMap): void {
  const phase = phaseOf(kind);
  if (phase === undefined) return;
  for (const webhook of listAt(configuration, 'webhooks').filter(isMap)) {
    const beyond = BEYOND.find(([, found]) => found(webhook, phase));
    if (beyond !== undefined)
      throw notImplemented(`${beyond[0]}; to store it all the same name ${kind} in \`unenforced\``);
    hookOf(webhook);
  }
}

/** Those of one phase, by the names of their configurations: the order in which they are asked. */
export function hooksOf(store: Store, phase: AdmissionPhase): Hook[] {
  return store
    .list(`${KINDS[phase].toLowerCase()}s.admissionregistration.k8s.io`, undefined)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap((configuration) => listAt(configuration, 'webhooks').filter(isMap).map(hookOf));
}

function hookOf(webhook: JsonMap): Hook {
  const clientConfig = mapAt(webhook, 'clientConfig');
  const bundle = stringAt(clientConfig, 'caBundle');
  const rules = rulesOf(webhook);
  const conditions = listAt(webhook, 'matchConditions')
    .filter(isMap)
    .map(({ expression }) => matchCondition(String(expression)));
  const selectsNamespace = selector(webhook['namespaceSelector']);
  const selectsObject = selector(webhook['objectSelector']);
  return {
    name: stringAt(webhook, 'name') ?? '',
    url: stringAt(clientConfig, 'url') ?? '',
    ca: bundle === undefined ? undefined : Buffer.from(bundle, 'base64').toString(),
    timeoutSeconds: Number(webhook['timeoutSeconds'] ?? 10),
    failsOpen: webhook['failurePolicy'] === 'Ignore',
    concerns: ({ review, resource, namespaceLabels }) =>
      rules.some((rule) => matchesRule(rule, review, resource)) &&
      (namespaceLabels === undefined || selectsNamespace(namespaceLabels)) &&
      [review.object, review.oldObject].some(
        (object) => object !== undefined && selectsObject(object.metadata.labels),
      ) &&
      conditions.every((condition) => condition(review)),
  };
}

/** Absent it selects everything. */
const selector = (given: unknown): ((labels: Labels | undefined) => boolean) => {
  const wanted: LabelSelector = isMap(given) ? given : {};
  return (labels) => matchesSelector(wanted, labels);
};

function matchesRule(
  rule: JsonMap,
  review: AdmissionRequest,
  { group, version, namespaced }: Resource,
): boolean {
  const holds = (key: string, value: string): boolean =>
    listAt(rule, key).some((item) => item === '*' || item === value);
  const scope = rule['scope'] ?? '*';
  return (
    holds('operations', review.operation) &&
    holds('apiGroups', group) &&
    holds('apiVersions', version) &&
    (scope === '*' || (scope === 'Namespaced') === namespaced) &&
    listAt(rule, 'resources').some((item) => {
      const [resource, subresource = ''] = String(item).split('/');
      return (
        (resource === '*' || resource === review.resource) &&
        (subresource === '*' || subresource === review.subResource)
      );
    })
  );
}

/** The labels a webhook's namespaceSelector looks at. */
export function namespaceLabels(
  store: Store,
  resource: Resource,
  {
    namespace,
    object,
    before,
  }: { namespace: string | undefined; object?: Stored | undefined; before?: Stored | undefined },
): Labels | undefined {
  const home =
    resource.kind === 'Namespace' ? (object ?? before) : store.get('namespaces.', undefined, namespace ?? '');
  if (namespace === undefined && resource.kind !== 'Namespace') return undefined;
  return mapAt(home?.metadata, 'labels') as Labels; // true: labels are texts, or the API would not have stored them
}
