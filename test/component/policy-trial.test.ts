import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  tryPolicies,
  type ChartSample,
  type PolicyTrial,
  type TrialAnswer,
} from '../../src/features/service/policy-trial.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { AnyObject } from '../../src/kube/object.ts';
import { FakeClock } from '../../src/lib/fake-clock.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';

const TRIAL = 'tenantry-trial';
const CONFIG_MAP: Kind = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};
const CRONTAB: Kind = {
  group: 'stable.example.com',
  version: 'v1',
  kind: 'CronTab',
  plural: 'crontabs',
  namespaced: true,
};
const RESOURCE = { group: 'platformapi.kubeplus', version: 'v1alpha1', kind: 'Hello', plural: 'hellos' };
const ACCOUNT = /^system:serviceaccount:tenantry-services:hello-/;

const object = (name: string, apiVersion = 'v1', kind = 'ConfigMap'): AnyObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'tenantry-sample' },
});

function sample(...renderings: readonly (readonly AnyObject[])[]): ChartSample {
  return {
    renderings: renderings.map((objects) => objects.map((one) => ({ source: 'hello/a.yaml', object: one }))),
    kinds: new Map([
      ['v1/ConfigMap', CONFIG_MAP],
      ['stable.example.com/v1/CronTab', CRONTAB],
    ]),
    rules: [],
    seen: [],
    namespace: 'tenantry-sample',
  };
}

describe('a chart is tried on the policies of the cluster', () => {
  let api: FakeApi;
  const trial: PolicyTrial = { mode: 'refuse', namespace: TRIAL, asWritten: (objects) => objects };

  beforeEach(async () => {
    api = await startFakeApi({ namespaces: [TRIAL] });
  });
  afterEach(() => api.close());

  const ask = (
    what: ChartSample,
    podSecurity: 'baseline' | 'privileged' = 'baseline',
    clock = new FakeClock(),
  ): Promise<TrialAnswer> => {
    const settings = { operatorNamespace: 'tenantry', accountsNamespace: 'tenantry-services' };
    const policies = {
      podSecurity,
      fillResources: true,
      egress: 'default',
      allowedClusterKinds: [],
    } as const;
    const deps = { client: api.client(), clock, settings, policyTrial: trial };
    return tryPolicies(deps, { resource: RESOURCE, policies, sample: what, budgetMs: 1000 });
  };
  const creates = (): typeof api.requests => api.requests.filter(({ method }) => method === 'POST');
  const answers = (message: string, status = 403, reason = 'Forbidden'): void => {
    api.fail({ method: 'POST' }, { status, reason, message });
  };

  it('stores nothing, reaches no further than the account of instances, and asks of each object once', async () => {
    const found = await ask(sample([object('a'), object('b')], [object('a')]));

    expect(found).toEqual({ denials: [], untried: [] });
    expect(creates()).toHaveLength(2);
    for (const { path, query, user } of creates()) {
      expect(path).toBe(`/api/v1/namespaces/${TRIAL}/configmaps`);
      expect(query.get('dryRun')).toBe('All');
      expect(user).toMatch(ACCOUNT);
    }
    expect(api.objects(CONFIG_MAP)).toEqual([]);
  });

  it.each([
    [
      "configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'no-maps' with binding 'all' denied request: maps are out\nof fashion",
      "ValidatingAdmissionPolicy 'no-maps' with binding 'all' denied request: maps are out\nof fashion",
    ],
    [
      'admission webhook "validate.kyverno.svc-fail" denied the request: \n\nresource ConfigMap/a was blocked',
      'admission webhook "validate.kyverno.svc-fail" denied the request: \n\nresource ConfigMap/a was blocked',
    ],
    [
      'admission webhook "b" denied the request without explanation',
      'admission webhook "b" denied the request without',
    ],
    [
      'pods "a" is forbidden: violates PodSecurity "baseline:latest": privileged',
      'violates PodSecurity "baseline',
    ],
  ])('repeats the words of a denial: %s', async (message, words) => {
    answers(message);

    const { denials, untried } = await ask(sample([object('a')]));

    expect(untried).toEqual([]);
    expect(denials).toMatchObject([{ reason: 'PolicyDenied' }]);
    expect(denials[0]?.message).toContain(`refuses ConfigMap a (hello/a.yaml): ${words}`);
    expect(denials[0]?.message).toMatch(/; change the chart or spec\.newResource\.providerValues/);
  });

  it('is no denial where pods may be privileged and only the namespace that stands for theirs says no', async () => {
    answers('pods "a" is forbidden: violates PodSecurity "baseline:latest": privileged');

    expect(await ask(sample([object('a')]), 'privileged')).toEqual({ denials: [], untried: [] });
  });

  it.each([
    ['admission webhook "x" does not support dry run', 400, 'BadRequest'],
    ['Internal error occurred: failed calling webhook "x": connection refused', 500, 'InternalError'],
    [
      'roles.rbac.authorization.k8s.io "a" is forbidden: user "x" is attempting to grant RBAC permissions',
      403,
      'Forbidden',
    ],
  ])('is untried, not denied, and says why: %s', async (message, status, reason) => {
    answers(message, status, reason);

    const { denials, untried } = await ask(sample([object('a')]));

    expect(denials).toEqual([]);
    expect(untried).toEqual([
      expect.stringContaining(
        'the policies of this cluster could not be tried on ConfigMap a (hello/a.yaml): ',
      ),
    ]);
    expect(untried[0]).toContain(message);
  });

  it('passes over kinds that only the chart brings, and names that are taken', async () => {
    await api.client().create(CONFIG_MAP, { ...object('b'), metadata: { name: 'b', namespace: TRIAL } });

    const found = await ask(sample([object('a', 'stable.example.com/v1', 'CronTab'), object('b')]));

    expect(found).toEqual({ denials: [], untried: [] });
    expect(creates()).toHaveLength(3);
  });

  it('says once that the namespace is missing', async () => {
    const many = Array.from({ length: 40 }, (_, index) => object(`a${index}`));
    answers(`namespaces "${TRIAL}" not found`, 404, 'NotFound');

    const { untried } = await ask(sample(many));

    expect(untried).toEqual([
      expect.stringMatching(/not found; apply the cluster part of the operator's chart again$/),
    ]);
    // Those that were on their way when the first answer came, and no more.
    expect(creates().length).toBeLessThan(20);
  });

  it('is bounded in objects', async () => {
    const many = Array.from({ length: 205 }, (_, index) => object(`a${index}`));

    const { untried } = await ask(sample(many));

    expect(creates()).toHaveLength(200);
    expect(untried).toEqual(['the policies of this cluster could not be tried on 5 further objects']);
  });

  it('is bounded in time', async () => {
    const clock = new FakeClock();
    let asked = 0;
    api.addAdmission(async () => {
      asked += 1;
      // The first call hangs until the time is over.
      if (asked === 1) await clock.advance(1000);
      return { allowed: true };
    });

    const { denials, untried } = await ask(sample([object('a'), object('b')]), 'baseline', clock);

    expect(denials).toEqual([]);
    expect(untried.join('\n')).toMatch(/there was no time left/);
  });
});
