import { describe, expect, it } from 'vitest';
import type { Instance } from '../../api/instance.ts';
import type { ServicePolicies } from '../../api/revision.ts';
import { matchesSelector, type LabelSelector } from '../../kube/selector.ts';
import { networkPolicies } from './network-policies.ts';
import { trafficFindings, trafficPeers } from './traffic.ts';

const A = { namespace: 'a', uid: 'aaaaaaaa-0000-4000-8000-000000000001' };
const B = { namespace: 'b', uid: 'bbbbbbbb-0000-4000-8000-000000000002' };
const NEW_B = { namespace: 'b', uid: 'bbbbbbbb-0000-4000-8000-000000000003' };

type Side = typeof A & {
  readonly trafficWith?: Readonly<Record<string, string>>;
  readonly egress?: ServicePolicies['egress'];
  readonly isolation?: ServicePolicies['isolation'];
};

interface Rule {
  readonly from?: readonly { readonly namespaceSelector?: LabelSelector }[];
  readonly to?: readonly { readonly namespaceSelector?: LabelSelector }[];
}

const instanceOf = (trafficWith: Side['trafficWith'] = {}): Pick<Instance, 'tenantry'> => ({
  tenantry: { trafficWith },
});

/** The isolating policy that the operator writes for one side. */
function rulesOf(side: Side): { readonly ingress: readonly Rule[]; readonly egress: readonly Rule[] } {
  const [restrict] = networkPolicies({
    egress: side.egress ?? 'default',
    exposed: [],
    usesApi: false,
    apiServer: [],
    clusterCidrs: ['10.0.0.0/8'],
    nodeCidrs: [],
    ingressNamespaces: [],
    monitor: undefined,
    peers: trafficPeers(instanceOf(side.trafficWith), side.isolation),
  });
  return restrict?.['spec'] as ReturnType<typeof rulesOf>; // true: networkPolicies writes both directions
}

/** Whether a pod in one namespace reaches a pod in the other: out of the one and into the other. */
function passes(from: Side, to: Side): boolean {
  const names = (rule: Rule, side: Side): boolean =>
    (rule.from ?? rule.to ?? []).some(({ namespaceSelector }) =>
      matchesSelector(namespaceSelector, {
        'kubernetes.io/metadata.name': side.namespace,
        'tenantry.dev/instance-uid': side.uid,
      }),
    );
  return (
    rulesOf(from).egress.some((rule) => names(rule, to)) &&
    rulesOf(to).ingress.some((rule) => names(rule, from))
  );
}

const withB = { ...A, trafficWith: { b: B.uid } };
const withA = { ...B, trafficWith: { a: A.uid } };

describe('traffic between two instances', () => {
  it('passes both ways where both agreed, and not at all where nobody did', () => {
    expect([passes(withB, withA), passes(withA, withB)]).toEqual([true, true]);
    expect([passes(A, B), passes(B, A)]).toEqual([false, false]);
  });

  it('passes no door that its owner did not open, whatever the other one names', () => {
    expect([passes(withB, B), passes(B, withB)]).toEqual([false, false]);
    expect([passes(A, withA), passes(withA, A)]).toEqual([false, false]);
  });

  it('is not meant for whoever takes the name later', () => {
    const takesOver = { ...NEW_B, trafficWith: { a: A.uid } };

    expect([passes(takesOver, withB), passes(withB, takesOver)]).toEqual([false, false]);
  });

  it('opens nothing to a namespace that is no instance’s', () => {
    const { ingress, egress } = rulesOf(withB);
    const selectors = [...ingress, ...egress].flatMap(({ from, to }) =>
      [...(from ?? []), ...(to ?? [])].flatMap(({ namespaceSelector }) => namespaceSelector ?? []),
    );

    const open = selectors.filter((one) => matchesSelector(one, { 'kubernetes.io/metadata.name': 'b' }));
    expect(open).toEqual([]);
  });

  it('leads out of no service that closes its egress', () => {
    expect(passes({ ...withB, egress: 'closed' }, withA)).toBe(false);
    expect(passes(withA, { ...withB, egress: 'closed' })).toBe(true);
  });

  it('does not exist under strict isolation', () => {
    const strict = { ...withB, isolation: 'strict' } as const;

    expect([passes(strict, withA), passes(withA, strict)]).toEqual([false, false]);
  });

  it('names the peer where KubePlus’s users look for it', () => {
    expect(rulesOf(withB).ingress[1]?.from?.[0]?.namespaceSelector?.matchExpressions?.[0]).toEqual({
      key: 'kubernetes.io/metadata.name',
      operator: 'In',
      values: ['b'],
    });
  });

  it('is written in the same order, in whatever order it was agreed', () => {
    const uids = { c: A.uid, b: B.uid };

    expect(trafficPeers(instanceOf(uids), undefined)).toEqual([B, { namespace: 'c', uid: A.uid }]);
  });
});

describe('trafficFindings', () => {
  const messages = (
    now: Side['trafficWith'],
    before?: Side['trafficWith'],
    isolation?: Side['isolation'],
  ): readonly string[] =>
    trafficFindings(instanceOf(now), instanceOf(before), isolation).map(({ message }) => message);

  it.each([
    ['a name that is no namespace’s', { 'B b': B.uid }, /^tenantry\.trafficWith: "B b" is no name/],
    ['a UID that is none', { b: 'x' }, /^tenantry\.trafficWith: "x" is no UID/],
    ['text that would end the selector', { b: `${B.uid}\n` }, /is no UID/],
  ])('refuses %s', (_what, trafficWith, message) => {
    expect(messages(trafficWith)).toEqual([expect.stringMatching(message)]);
    expect(trafficPeers(instanceOf(trafficWith), undefined)).toEqual([]);
  });

  it('refuses what would have no effect under strict isolation', () => {
    expect(messages({ b: B.uid }, {}, 'strict')).toEqual([expect.stringMatching(/isolates .* strictly/)]);
  });

  it('says nothing of what stood there before', () => {
    expect(messages({ b: B.uid }, { b: B.uid }, 'strict')).toEqual([]);
    expect(messages({}, { b: B.uid }, 'strict')).toEqual([]);
    expect(messages({ b: 'x' }, { b: 'x' })).toEqual([]);
  });
});
