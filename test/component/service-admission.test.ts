import { describe, expect, it } from 'vitest';
import type { ResourceComposition } from '../../src/api/resource-composition.ts';
import { serviceAdmission } from '../../src/features/service/handlers.ts';
import type { AnyObject } from '../../src/kube/object.ts';
import type { AdmissionRequest } from '../../src/runtime/admission.ts';
import { chart, composition, HELLO, NAMESPACE, useServiceRig } from './service-rig.ts';

describe('admission', { timeout: 30_000 }, () => {
  const rig = useServiceRig();

  const user = { username: 'provider', uid: '', groups: [] };

  function request(
    operation: 'CREATE' | 'UPDATE' | 'DELETE',
    object: ResourceComposition | undefined,
    oldObject?: ResourceComposition,
  ): AdmissionRequest {
    return {
      uid: 'r',
      operation,
      group: 'workflows.kubeplus',
      version: 'v1alpha1',
      kind: 'ResourceComposition',
      resource: 'resourcecompositions',
      subResource: '',
      namespace: NAMESPACE,
      name: 'hello',
      user,
      object: object as (ResourceComposition & AnyObject) | undefined,
      oldObject: oldObject as (ResourceComposition & AnyObject) | undefined,
      dryRun: false,
    };
  }

  async function messages(what: AdmissionRequest): Promise<readonly string[]> {
    // A client of its own: the controller writes at the same time.
    const writes: string[] = [];
    const client = rig().api.client({
      intercept: (sent, next) => {
        if (sent.method !== 'GET' && !sent.path.includes('accessreviews')) writes.push(sent.what);
        return next(sent);
      },
    });
    const [, validate] = serviceAdmission({ ...rig().deps(client), stores: rig().manager.stores });
    const answer = await validate?.handle(what, new AbortController().signal);
    expect(writes).toEqual([]); // admission has no side effects
    return answer?.allowed === false ? answer.findings.map(({ message }) => message) : [];
  }

  it('lets a good composition pass', async () => {
    await rig().upload(chart());

    expect(await messages(request('CREATE', composition()))).toEqual([]);
  });

  it('names everything that is wrong at once', async () => {
    const wrong = composition({
      resource: { kind: 'ConfigMap', plural: 'hellos' },
      chartURL: 'file:///none.tgz',
    });
    const quota = { 'requests.cpu': '1' };
    const found = await messages(
      request('CREATE', { ...wrong, spec: { ...wrong.spec, respolicy: { spec: { policy: { quota } } } } }),
    );

    expect(found).toEqual([
      'Chart /none.tgz not found.\nUse kubectl upload chart <charttgz> to upload the chart first.',
      'Resource with Kind Name ConfigMap exists in the cluster.',
      'If quota is specified, specify all four values: requests.cpu, requests.memory, limits.cpu, limits.memory',
    ]);
  });

  it('tells somebody who may not register nothing but that', async () => {
    rig().access.allowed = (verb) => verb !== 'register';

    expect(await messages(request('CREATE', composition({ chartURL: 'file:///none.tgz' })))).toEqual([
      'ResourceComposition instance can only be created by Provider.',
    ]);
  });

  it('says where more rights are granted, and asks for each of them', async () => {
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n';
    const role =
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\nrules: []\n';
    await rig().upload(chart({ 'templates/x.yaml': `${secret}---\n${role}` }));
    rig().access.allowed = (verb, user) =>
      verb !== 'bind' && !user.startsWith('system:serviceaccount:tenantry-services:');
    const allowed = { allowedClusterKinds: ['rbac.authorization.k8s.io/ClusterRole'] };
    const wanted = composition();

    const found = await messages(
      request('CREATE', { ...wanted, spec: { ...wanted.spec, policies: allowed } }),
    );

    expect(found[0]).toMatch(/^KubePlus does not have the following permissions/);
    expect(found.slice(1).join()).toMatch(
      /ClusterRole (tenantry-service-\w{32}) with these rules; the verb bind on ClusterRole \1 for ServiceAccount tenantry\/tenantry-operator; a ClusterRoleBinding to ServiceAccount tenantry-services\/helloservice-\w{32} for what belongs to no namespace \(rbac\.authorization\.k8s\.io\/ClusterRole\)/,
    );
  });

  it('says what to do where the operator is not let in', async () => {
    await rig().upload(chart());
    rig().api.fail(
      { method: 'GET', path: /\/configmaps\/chart-upload/ },
      { status: 403, reason: 'Forbidden' },
    );

    const found = await messages(request('CREATE', composition()));

    expect(found.join()).toMatch(
      /^metadata\.namespace: .* needs the rights of its Role tenantry-operator in tenantry/s,
    );
  });

  it('refuses to delete a service that has instances, and names them', async () => {
    await rig().upload(chart());
    const registered = await rig().register();
    await rig().client.create(HELLO, {
      apiVersion: 'platformapi.kubeplus/v1alpha1',
      kind: 'HelloService',
      metadata: { name: 'a', namespace: 'default' },
    });

    const refused = await messages(request('DELETE', undefined, registered));
    const forced = await messages(
      request('DELETE', undefined, {
        ...registered,
        metadata: { ...registered.metadata, labels: { delete: 'true' } },
      }),
    );

    expect(refused).toHaveLength(2);
    expect(refused[0]).toBe(
      'Error: ResourceComposition instance cannot be deleted. It has an application instance starting up.',
    );
    expect(refused[1]).toContain('default/a');
    expect(forced).toEqual([]);
  });

  it('refuses to change the names of a registered service', async () => {
    await rig().upload(chart());
    const registered = await rig().register();
    const changed = composition({ resource: { kind: 'OtherService', plural: 'otherservices' } });

    const found = await messages(request('UPDATE', { ...registered, spec: changed.spec }, registered));

    expect(found.join()).toContain('can not change once the service is registered');
  });
});
