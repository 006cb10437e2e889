import { describe, expect, it } from 'vitest';
import type { CompositionSpec, ResourceComposition } from '../../src/api/resource-composition.ts';
import { serviceAdmission } from '../../src/features/service/handlers.ts';
import { ChartSourceError } from '../../src/helm/chart-source-error.ts';
import { NAMESPACE as NAMESPACES, SECRET } from '../../src/kube/builtin-kinds.ts';
import type { AnyObject } from '../../src/kube/object.ts';
import type { AdmissionAnswer } from '../../src/runtime/admission.ts';
import { chart, composition, CRONTAB_CRD, NAMESPACE, useServiceRig } from './service-rig.ts';

type NewResource = Partial<CompositionSpec['newResource']>;

describe('a provider who wants more than is his', { timeout: 30_000 }, () => {
  const rig = useServiceRig();
  const fetched: unknown[] = [];

  async function answer(wanted: ResourceComposition, before?: ResourceComposition): Promise<AdmissionAnswer> {
    const deps = {
      ...rig().deps(),
      stores: rig().manager.stores,
      fetchChart: (download: unknown) => {
        fetched.push(download);
        return Promise.reject(new ChartSourceError('SourceUnavailable', 'no test downloads'));
      },
    };
    const [, validate] = serviceAdmission(deps);
    const given = await validate?.handle(
      {
        uid: 'r',
        operation: before === undefined ? 'CREATE' : 'UPDATE',
        group: 'workflows.kubeplus',
        version: 'v1alpha1',
        kind: 'ResourceComposition',
        resource: 'resourcecompositions',
        subResource: '',
        namespace: wanted.metadata.namespace ?? '',
        name: 'hello',
        user: { username: 'provider', uid: '', groups: [] },
        object: wanted as ResourceComposition & AnyObject,
        oldObject: before as (ResourceComposition & AnyObject) | undefined,
        dryRun: false,
      },
      new AbortController().signal,
    );
    return given ?? { allowed: true };
  }

  const refusals = async (wanted: ResourceComposition, before?: ResourceComposition): Promise<string> => {
    const given = await answer(wanted, before);
    return given.allowed ? '' : given.findings.map(({ message }) => message).join('\n');
  };
  const withPolicies = (policies: CompositionSpec['policies']): ResourceComposition => {
    const base = composition();
    return { ...base, spec: { ...base.spec, ...(policies === undefined ? {} : { policies }) } };
  };
  const fromUrl = (more: NewResource = {}): ResourceComposition =>
    composition({ chartURL: 'https://charts.example/a.tgz', ...more });
  const secretRef = { chart: { secretRef: { name: 'other-team' } } };

  it('gets no privileged pods without a right of his own', async () => {
    await rig().upload(chart());
    rig().access.allowed = (verb) => verb !== 'unconfine';

    expect(await refusals(withPolicies({ podSecurity: 'privileged' }))).toMatch(
      /^spec\.policies\.podSecurity: privileged pods are root.*verb unconfine/,
    );
    expect(await refusals(withPolicies({ podSecurity: 'baseline' }))).toBe('');
    rig().access.allowed = () => true;
    expect(await refusals(withPolicies({ podSecurity: 'privileged' }))).toBe('');
  });

  it('has no Secret sent to a host of his choice that he may not read himself', async () => {
    rig().access.allowed = (verb) => verb !== 'get';
    const message = /^spec\.newResource\.chart\.secretRef: you may not read Secret other-team yourself/m;

    expect(await refusals(fromUrl(secretRef))).toMatch(message);
    const before = fromUrl(secretRef);
    expect(await refusals(fromUrl({ ...secretRef, chartURL: 'https://evil.example/a.tgz' }), before)).toMatch(
      message,
    );
  });

  it('has none sent by a review that only says who asks: webhooks are open to the pod network', async () => {
    await rig().client.create(SECRET, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'other-team', namespace: NAMESPACE },
      data: { token: 'cGxhbnRlZA==' },
    });
    fetched.length = 0;

    const given = await answer(fromUrl(secretRef));

    expect(fetched).toEqual([]);
    expect(given).toMatchObject({
      allowed: true,
      warnings: [expect.stringContaining('could not be checked')],
    });
  });

  it('is no provider in the namespace of an instance, which KubePlus labels alike', async () => {
    const labels = { managedby: 'kubeplus', 'tenantry.dev/instance-uid': 'u' };
    await rig().client.create(NAMESPACES, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'shop1', labels },
    });
    const base = fromUrl();

    expect(await refusals({ ...base, metadata: { ...base.metadata, namespace: 'shop1' } })).toMatch(
      /should be created in the same Namespace as KubePlus Namespace/,
    );
  });

  it('takes no names in a group that others register in, unless he may use its kinds himself', async () => {
    const metadata = { name: 'shop', labels: { managedby: 'kubeplus' } };
    await rig().client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata });
    const names = { kind: 'HelloService', version: 'v1alpha1', plural: 'helloservices' };
    const inGroup = (group: string): ResourceComposition => {
      const base = fromUrl({ resource: { ...names, group } });
      return { ...base, metadata: { ...base.metadata, namespace: 'shop' } };
    };
    const refusal =
      /^spec\.newResource\.resource\.group: \S+ is not this namespace's own,.*\n\{"perms":\{"\S+":\[\{"helloservices"/m;
    rig().access.allowed = (verb) => verb !== 'create';

    expect(await refusals(inGroup('platformapi.kubeplus'))).toMatch(refusal);
    expect(await refusals(inGroup('other.platformapi.kubeplus'))).toMatch(refusal);
    expect(await refusals(inGroup('shop.platformapi.kubeplus'))).toBe('');
    expect(await refusals(inGroup(''))).toBe('');
    rig().access.allowed = () => true;
    expect(await refusals(inGroup('platformapi.kubeplus'))).toBe('');
  });

  it.each([
    'tenantry.dev',
    'x.tenantry.dev',
    'workflows.kubeplus',
    'rbac.authorization.k8s.io',
    'metrics.kubernetes.io',
  ])('registers nothing in %s', async (group) => {
    const resource = { kind: 'HelloService', group, version: 'v1', plural: 'helloservices' };

    expect(await refusals(fromUrl({ resource }))).toMatch(
      /^spec\.newResource\.resource\.group: .* belongs to/m,
    );
  });

  it.each([
    [
      'a conversion webhook',
      CRONTAB_CRD.replace(
        'spec:\n',
        'spec:\n  conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {url: "https://169.254.169.254/"}}}\n',
      ),
      /conversion webhook, which the API server would call/,
    ],
    ['a kind of ours', CRONTAB_CRD.replaceAll('stable.example.com', 'tenantry.dev'), /belongs to Tenantry/],
    [
      'a kind of Kubernetes',
      CRONTAB_CRD.replaceAll('stable.example.com', 'apps.k8s.io'),
      /belongs to Kubernetes/,
    ],
    [
      'no definition',
      'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n',
      /may hold CustomResourceDefinitions only/,
    ],
  ])('has no chart whose crds/ bring %s: the operator writes them', async (_name, crd, message) => {
    await rig().upload(chart({ 'crds/a.yaml': crd }));

    expect(await refusals(composition())).toMatch(message);
  });

  it.each([
    [
      'owners',
      'ownerReferences: [{apiVersion: v1, kind: Node, name: a, uid: u}]',
      /remove metadata\.ownerReferences/,
    ],
    ['another namespace', 'namespace: kube-system', /it is for namespace kube-system/],
  ])('has no chart whose objects name %s', async (_name, metadata, message) => {
    const object = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, ${metadata}}\n`;
    await rig().upload(chart({ 'templates/a.yaml': object }));

    expect(await refusals(composition())).toMatch(message);
  });
});
