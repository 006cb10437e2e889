import type { Pod } from '../../kube/builtin-kinds.ts';
import { compareQuantities, parseQuantity } from '../../lib/quantity.ts';
import type { Facts } from './facts.ts';
import { green, hidden, notAsked, PUT_BACK, red, type Verdict } from './finding.ts';
import { judgeStrictLabel } from './judge-namespace.ts';
import { running } from './running-pods.ts';

type Needed = Pick<Facts, 'pods' | 'policies' | 'target'>;

/** All that run in a pod, those that prepare it included. */
const containersOf = (spec: Pod['spec']) => [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];

/** Whether every container has the resources that the service sets. Pure. */
export function judgePodResources({ pods, policies, target }: Needed): Verdict {
  if (policies === 'hidden') return hidden('what the service and the plan ask for');
  const { requests = {}, limits = {} } = policies.podResources ?? {};
  if (Object.keys({ ...requests, ...limits }).length === 0) return notAsked('the service sets none');
  if (pods === 'hidden') return hidden(`pods in ${target}`);
  const stray = running(pods).find(({ spec }) =>
    containersOf(spec).some(
      ({ resources }) => !has(resources?.requests, requests) || !has(resources?.limits, limits),
    ),
  );
  if (stray === undefined) return green(`all as the service sets them (pods: ${running(pods).length})`);
  return red(
    `pod ${stray.metadata.name} has other requests or limits than the service sets`,
    `kubectl delete pod ${stray.metadata.name} -n ${target}: it comes back with what is asked for now.`,
  );
}

type Amounts = Readonly<Record<string, string>>;

function has(found: Amounts | undefined, wanted: Amounts): boolean {
  return Object.entries(wanted).every(([key, value]) => {
    const [mine, asked] = [parseQuantity(found?.[key] ?? ''), parseQuantity(value)];
    return asked === undefined || (mine !== undefined && compareQuantities(mine, asked) === 0);
  });
}

/** Volumes in which Kubernetes gives a pod the token of its account. */
const TOKEN_VOLUME = /^kube-api-access-/;

/** Whether what runs as nobody in particular gets no token, and none has one from before. Pure. */
export function judgeAccount({
  defaultAccount,
  pods,
  target,
}: Pick<Facts, 'defaultAccount' | 'pods' | 'target'>): Verdict {
  if (defaultAccount === 'hidden') return hidden(`serviceaccounts in ${target}`);
  if (defaultAccount === undefined)
    return red(
      `the account default is gone from ${target}`,
      'Kubernetes makes it again, then `tenantry doctor`.',
    );
  if (defaultAccount.automountServiceAccountToken !== false)
    return red(
      'pods get a token of the account default',
      `kubectl patch serviceaccount default -n ${target} -p '{"automountServiceAccountToken":false}'`,
    );
  const holder = pods === 'hidden' ? undefined : running(pods).find(hasUnaskedToken);
  if (holder === undefined) return green('pods get no token unless their chart asks');
  return red(
    `pod ${holder.metadata.name} got a token of the account default without asking for it`,
    `kubectl delete pod ${holder.metadata.name} -n ${target}: it comes back without.`,
  );
}

function hasUnaskedToken({ spec }: Pod): boolean {
  const isDefault = (spec?.serviceAccountName ?? 'default') === 'default';
  if (!isDefault || spec?.automountServiceAccountToken !== undefined) return false;
  return (spec?.volumes ?? []).some(({ name }) => TOKEN_VOLUME.test(name));
}

/** Whether strict isolation is marked, and its pods ask for each image anew. Pure. */
export function judgeStrict(facts: Facts): Verdict {
  const label = judgeStrictLabel(facts);
  if (label.state !== 'green') return label;
  if (facts.pods === 'hidden') return hidden(`pods in ${facts.target}`);
  const stray = running(facts.pods).find(({ spec }) =>
    containersOf(spec).some(({ imagePullPolicy }) => imagePullPolicy !== 'Always'),
  );
  if (stray === undefined) return label;
  return red(
    `pod ${stray.metadata.name} does not ask whether it may have its image (imagePullPolicy)`,
    `kubectl delete pod ${stray.metadata.name} -n ${facts.target}; ${PUT_BACK}`,
  );
}
