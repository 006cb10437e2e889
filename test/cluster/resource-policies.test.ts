import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getJson, run, shell, type Ended } from './programs.ts';
import { create, forget, NS, reason, register } from './small-charts.ts';

const QUOTA = { 'requests.cpu': '1', 'requests.memory': '1Gi', 'limits.cpu': '2', 'limits.memory': '2Gi' };
/** No pod ever starts: what is asked of pods can be read in their template. */
const CHART = {
  'templates/a.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  replicas: 0
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec: {containers: [{name: a, image: localhost/none:1}]}
`,
};
/** May write policies by RBAC, and not register services. */
const CLERK = '--as=policed-clerk';

const policy = (name: string, labels: object = {}): string =>
  JSON.stringify({
    apiVersion: 'workflows.kubeplus/v1alpha1',
    kind: 'ResourcePolicy',
    metadata: { name, namespace: NS, labels },
    spec: {
      resource: { kind: 'Policed' },
      policy: { quota: { 'limits.cpu': '3' }, podconfig: { limits: { memory: '64Mi' } } },
    },
  });
const apply = (input: string, as = ''): Promise<Ended> => shell(`kubectl apply -f - ${as}`, { input });
const quotaIs = (cpu: string): Promise<string> =>
  run(
    `kubectl wait resourcequota/policed-policed-a -n policed-a --for=jsonpath='{.spec.hard.limits\\.cpu}'=${cpu} --timeout=60s`,
  );

async function limitsOfPods(): Promise<Readonly<Record<string, string>> | undefined> {
  const { spec } = await getJson<{
    spec: {
      template: { spec: { containers: readonly [{ resources?: { limits?: Record<string, string> } }] } };
    };
  }>('deployment a -n policed-a');
  return spec.template.spec.containers[0].resources?.limits;
}

beforeAll(async () => {
  await register('policed', CHART, {
    more: {
      respolicy: { metadata: { name: 'policed-record' }, spec: { policy: { quota: QUOTA } } },
    },
  });
  await create('policed', 'policed-a');
  await reason('policed/policed-a', 'Ready');
  const verbs = '--verb=get,create,patch,delete --resource=resourcepolicies.workflows.kubeplus';
  await run(`kubectl create role policed-clerk -n ${NS} ${verbs}`);
  await run(`kubectl create rolebinding policed-clerk -n ${NS} --role=policed-clerk --user=policed-clerk`);
}, 180_000);

afterAll(async () => {
  await shell(`kubectl delete resourcepolicy policed-more -n ${NS} --ignore-not-found`);
  await shell(`kubectl delete role,rolebinding policed-clerk -n ${NS}`);
  await forget('policed');
}, 180_000);

describe('a ResourcePolicy', { timeout: 180_000 }, () => {
  it('changes instances that run, and its deletion gives them back what the composition says', async () => {
    const before = await limitsOfPods();

    expect(await apply(policy('policed-more'))).toMatchObject({ code: 0 });
    await quotaIs('3');
    expect(await reason('resourcepolicy/policed-more', 'InForce')).toContain('Policed');
    await run(
      `kubectl wait deployment/a -n policed-a --timeout=60s --for=jsonpath='{.spec.template.spec.containers[0].resources.limits.memory}'=64Mi`,
    );

    await run(`kubectl delete resourcepolicy policed-more -n ${NS}`);
    await quotaIs('2');
    await run(
      `kubectl wait deployment/a -n policed-a --timeout=60s --for=jsonpath='{.spec.template.spec.containers[0].resources.limits.memory}'=${before?.['memory'] ?? ''}`,
    );
  });

  it('is written by nobody who may not register, and the operator’s record by nobody at all', async () => {
    const refused = await apply(policy('policed-attack'), CLERK);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('verb register') });
    expect(await shell(`kubectl get resourcepolicy policed-attack -n ${NS}`)).toMatchObject({ code: 1 });

    const record = `kubectl patch resourcepolicy policed-record -n ${NS} --type merge -p '{"spec":{"policy":{"quota":{"limits.cpu":"9"}}}}'`;
    expect(await shell(record)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('change spec.respolicy of ResourceComposition policed, or apply one'),
    });
    const forged = policy('policed-forged', { 'tenantry.dev/service-uid': 'x' });
    expect(await apply(forged)).toMatchObject({ code: 1, stderr: expect.stringContaining('record') });
    expect(await shell(`kubectl delete resourcepolicy policed-record -n ${NS} ${CLERK}`)).toMatchObject({
      code: 1,
    });
  });
});
