/** The newest minor of Kubernetes we support, and the three before it. */
export const NEWEST_MINOR = 37;
export const OLDEST_MINOR = NEWEST_MINOR - 3;

/** What was found in a cluster; `undefined` where we were not allowed to look. */
export interface ClusterFacts {
  /** `v1.37.1`. */
  readonly serverVersion: string;
  /** Names of our CRDs that are missing. */
  readonly missingCrds: readonly string[] | undefined;
  readonly clusterRole: boolean | undefined;
  /** Names of the chart's admission policies that are missing. */
  readonly missingPolicies: readonly string[] | undefined;
  /** Webhook configurations: missing, without a certificate authority, or fine. */
  readonly webhooks: 'missing' | 'no-authority' | 'fine' | undefined;
  readonly accountsNamespace: boolean | undefined;
  readonly operator: { readonly ready: number; readonly wanted: number } | 'none' | undefined;
  /** Name and reclaim policy of the default StorageClass. */
  readonly defaultClass: { readonly name: string; readonly reclaimPolicy: string } | 'none' | undefined;
  readonly metricsServed: boolean;
  /** Services and instances that are not Ready, with their condition's message. */
  readonly notReady: readonly { readonly what: string; readonly message: string }[] | undefined;
}

export interface Diagnosis {
  readonly check: string;
  readonly verdict: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** Empty where there is nothing to do. */
  readonly remedy: string;
}

type Check = (facts: ClusterFacts) => Omit<Diagnosis, 'check'>;

const ok = (message: string): Omit<Diagnosis, 'check'> => ({ verdict: 'ok', message, remedy: '' });
const problem = (message: string, remedy: string): Omit<Diagnosis, 'check'> => ({
  verdict: 'problem',
  message,
  remedy,
});
const warning = (message: string, remedy: string): Omit<Diagnosis, 'check'> => ({
  verdict: 'warning',
  message,
  remedy,
});
const notAllowed = (what: string): Omit<Diagnosis, 'check'> =>
  warning(`this kubeconfig may not read ${what}`, 'Ask the cluster’s owner to run `tenantry doctor`.');

const REINSTALL = 'Run `tenantry install` as the cluster’s owner; it puts back what is missing.';

/** Everything the doctor looks at, in the order in which one thing needs the other. */
const CHECKS: readonly (readonly [string, Check])[] = [
  ['kubernetes', checkVersion],
  ['kinds', (facts) => checkMissing('CRDs', facts.missingCrds)],
  ['rights', (facts) => checkPresence('ClusterRole tenantry-operator', facts.clusterRole)],
  ['policies', (facts) => checkMissing('admission policies', facts.missingPolicies)],
  ['accounts', (facts) => checkPresence('the namespace of the services’ accounts', facts.accountsNamespace)],
  ['operator', checkOperator],
  ['webhooks', checkWebhooks],
  ['storage', checkStorage],
  ['metrics', checkMetrics],
  ['objects', checkObjects],
];

/** What a doctor says of a cluster: one line a check, with the remedy where there is one. */
export function diagnose(facts: ClusterFacts): readonly Diagnosis[] {
  return CHECKS.map(([check, look]) => ({ check, ...look(facts) }));
}

function checkVersion({ serverVersion }: ClusterFacts): Omit<Diagnosis, 'check'> {
  const minor = Number(/^v?1\.(\d+)/.exec(serverVersion)?.[1] ?? Number.NaN);
  if (minor >= OLDEST_MINOR && minor <= NEWEST_MINOR) return ok(serverVersion);
  const range = `1.${OLDEST_MINOR} to 1.${NEWEST_MINOR}`;
  return minor > NEWEST_MINOR
    ? warning(
        `${serverVersion} is newer than what was tested (${range})`,
        'Look for a newer version of Tenantry.',
      )
    : problem(`${serverVersion} is not supported (${range})`, 'Upgrade the cluster.');
}

function checkMissing(what: string, missing: readonly string[] | undefined): Omit<Diagnosis, 'check'> {
  if (missing === undefined) return notAllowed(what);
  return missing.length === 0
    ? ok(`all ${what} are there`)
    : problem(`missing ${what}: ${missing.join(', ')}`, REINSTALL);
}

function checkPresence(what: string, present: boolean | undefined): Omit<Diagnosis, 'check'> {
  if (present === undefined) return notAllowed(what);
  return present ? ok(`${what} is there`) : problem(`${what} is missing`, REINSTALL);
}

function checkOperator({ operator }: ClusterFacts): Omit<Diagnosis, 'check'> {
  if (operator === undefined) return notAllowed('the operator’s Deployment');
  if (operator === 'none')
    return problem(
      'the operator is not installed here',
      'Run `tenantry install`, or name its namespace with -n.',
    );
  const { ready, wanted } = operator;
  if (wanted === 0)
    return problem(
      'the operator is scaled to 0',
      'Scale its Deployment up; until then our kinds accept no changes.',
    );
  if (ready === 0)
    return problem(
      `none of ${wanted} replicas is ready`,
      'Look at `kubectl describe pods` and `kubectl logs` of the operator.',
    );
  return ready < wanted
    ? warning(`${ready} of ${wanted} replicas are ready`, 'Look at `kubectl describe pods` of the operator.')
    : ok(`${ready} of ${wanted} replicas are ready`);
}

function checkWebhooks({ webhooks }: ClusterFacts): Omit<Diagnosis, 'check'> {
  switch (webhooks) {
    case undefined:
      return notAllowed('webhook configurations');
    case 'missing':
      return problem('the webhook configurations are missing: nothing is checked at admission', REINSTALL);
    case 'no-authority':
      return problem(
        'the webhooks have no certificate authority yet',
        'The operator fills it in once it runs; see its log.',
      );
    case 'fine':
      return ok('the webhooks are in place');
  }
}

function checkStorage({ defaultClass }: ClusterFacts): Omit<Diagnosis, 'check'> {
  if (defaultClass === undefined) return notAllowed('StorageClasses');
  if (defaultClass === 'none')
    return warning(
      'there is no default StorageClass',
      'Charts whose claims name no class will wait; mark one class as default.',
    );
  return defaultClass.reclaimPolicy === 'Delete'
    ? ok(`default class ${defaultClass.name} deletes volumes with their claims`)
    : warning(
        `default class ${defaultClass.name} has reclaim policy ${defaultClass.reclaimPolicy}`,
        'Volumes would outlive their customers; use a class with reclaim policy Delete.',
      );
}

function checkMetrics({ metricsServed }: ClusterFacts): Omit<Diagnosis, 'check'> {
  return metricsServed
    ? ok('resource metrics are served')
    : warning(
        'resource metrics are not served',
        'Install metrics-server for `kubectl top` and for usage of instances.',
      );
}

function checkObjects({ notReady }: ClusterFacts): Omit<Diagnosis, 'check'> {
  if (notReady === undefined) return notAllowed('all services and instances');
  if (notReady.length === 0) return ok('all services and instances are ready');
  const lines = notReady.map(({ what, message }) => `${what}: ${message}`);
  return warning(
    `not ready: ${lines.join('; ')}`,
    '`kubectl describe` of the object says what it waits for.',
  );
}
