import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../doubles/eventually.ts';
import { run, shell } from './programs.ts';
import { forget, NS, offer, reason, uploadChart } from './small-charts.ts';

const TRIAL = `${NS}-trial`;
const LABEL = 'tried.example/map';
/** A map that is judged by what the provider says of it. */
const CHART = {
  'values.yaml': 'map: fine\n',
  'templates/map.yaml': `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  labels: {${LABEL}: {{ .Values.map }}}
`,
};

const policy = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: 'tried-maps' },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: {
      namespaceSelector: { matchLabels: { managedby: 'kubeplus' } },
      objectSelector: { matchLabels: { [LABEL]: 'bad' } },
      resourceRules: [
        { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
      ],
    },
    // The instance's own way of writing is what is judged.
    validations: [
      {
        expression: "object.metadata.labels['app.kubernetes.io/managed-by'] != 'Helm'",
        message: 'maps must not be bad',
      },
    ],
  },
};
const binding = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name: 'tried-maps' },
  spec: { policyName: 'tried-maps', validationActions: ['Deny'] },
};
/** Nobody answers for it. */
const webhook = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'tried-maps' },
  webhooks: [
    {
      name: 'nobody.tried.example',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      timeoutSeconds: 1,
      clientConfig: { url: 'https://127.0.0.1:1/' },
      namespaceSelector: { matchLabels: { 'tenantry.dev/trial': 'true' } },
      objectSelector: { matchLabels: { [LABEL]: 'unanswered' } },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
    },
  ],
};
const DENIED =
  /a policy of this cluster refuses ConfigMap sample \(tried\/templates\/map\.yaml\): ValidatingAdmissionPolicy 'tried-maps' with binding 'tried-maps' denied request: maps must not be bad/;

/** What the API server says of such a map, written by an administrator. */
async function answerTo(label: string): Promise<string> {
  const map = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'probe', labels: { [LABEL]: label, 'app.kubernetes.io/managed-by': 'Helm' } },
  };
  const input = JSON.stringify(map);
  return (await shell(`kubectl create -f - --dry-run=server -n ${TRIAL}`, { input })).stderr;
}

beforeAll(async () => {
  expect(await uploadChart('tried', CHART)).toMatchObject({ code: 0 });
  for (const object of [policy, binding, webhook])
    await run('kubectl apply -f -', { input: JSON.stringify(object) });
  // The API server takes a moment to heed what was written.
  await eventually(
    'the policy is heeded',
    async () => (await answerTo('bad')).includes('tried-maps'),
    60_000,
  );
  await eventually(
    'the webhook is called',
    async () => (await answerTo('unanswered')).includes('failed calling webhook'),
    60_000,
  );
}, 120_000);

afterAll(async () => {
  const kinds = 'validatingadmissionpolicy,validatingadmissionpolicybinding,validatingwebhookconfiguration';
  await shell(`kubectl delete ${kinds} tried-maps`);
  await forget('tried');
}, 180_000);

describe('a chart that a policy of the cluster denies', { timeout: 180_000 }, () => {
  const bad = { name: 'tried', providerValues: { map: 'bad' } };

  it('is refused at registration in the policy’s words, and nothing is left of the trial', async () => {
    expect((await offer(bad)).stderr).toMatch(DENIED);
    expect(await shell(`kubectl get configmap sample -n ${TRIAL}`)).toMatchObject({ code: 1 });
    expect(await shell(`kubectl get resourcecomposition tried -n ${NS}`)).toMatchObject({ code: 1 });
  });

  it('is registered with a warning where a webhook can not be asked, and becomes no other revision that is denied', async () => {
    const unanswered = await offer({ name: 'tried', providerValues: { map: 'unanswered' } });

    expect(unanswered).toMatchObject({ code: 0 });
    expect(unanswered.stderr).toMatch(/could not be tried on ConfigMap sample .* failed calling webhook/);
    await reason('resourcecomposition/tried', 'Registered');
    expect((await offer(bad)).stderr).toMatch(DENIED);
  });
});

it('stores nothing in the namespace where charts are tried, whoever acts as a service', async () => {
  const service = `--as=system:serviceaccount:${NS}-services:x --as-group=system:serviceaccounts:${NS}-services`;
  const create = `kubectl create configmap attack -n ${TRIAL} ${service}`;

  expect(await shell(`${create} --dry-run=server`)).toMatchObject({ code: 0 });
  expect(await shell(create)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('charts are only tried in this namespace'),
  });
  const del = `kubectl delete configmap kube-root-ca.crt -n ${TRIAL} ${service}`;
  expect(await shell(del)).toMatchObject({ code: 1, stderr: expect.stringContaining('only tried') });
});
