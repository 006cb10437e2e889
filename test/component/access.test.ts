import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import { accessObjects, type ProviderSite } from '../../src/features/access/access-objects.ts';
import { accountOf, type Account } from '../../src/features/access/account.ts';
import { grantRules, revokeFrom } from '../../src/features/access/change-rights.ts';
import { kindRules } from '../../src/features/access/provider-rules.ts';
import { requireProviderPolicy } from '../../src/features/access/require-policy.ts';
import { removeAccess } from '../../src/features/access/remove-access.ts';
import type { Rule } from '../../src/features/access/rules.ts';
import { writeAccess } from '../../src/features/access/write-access.ts';
import {
  CLUSTER_ROLE,
  CLUSTER_ROLE_BINDING,
  CONFIG_MAP,
  ROLE,
  ROLE_BINDING,
  SERVICE_ACCOUNT,
  VALIDATING_ADMISSION_POLICY_BINDING,
} from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';

const KINDS: readonly Kind[] = [
  SERVICE_ACCOUNT,
  CONFIG_MAP,
  ROLE,
  ROLE_BINDING,
  CLUSTER_ROLE,
  CLUSTER_ROLE_BINDING,
];
const GUEST: ProviderSite = { place: 'guest', operatorNamespace: 'ops', crds: ['plans.tenantry.dev'] };
const ACME = accountOf('acme');
const OTHER = accountOf('other');

let api: FakeApi;
let client: Client;

beforeEach(async () => {
  api = await startFakeApi({
    namespaces: ['acme', 'other'],
    unenforced: [
      'Role',
      'RoleBinding',
      'ClusterRole',
      'ClusterRoleBinding',
      'ValidatingAdmissionPolicyBinding',
    ],
  });
  client = api.client();
});
afterEach(() => api.close());

const write = (account: Account, site?: ProviderSite): Promise<void> =>
  writeAccess(client, account, accessObjects(account, site), () => undefined);
const stored = (): string[] =>
  KINDS.flatMap((kind) =>
    api
      .objects(kind)
      .map(({ metadata }) => `${kind.kind} ${metadata.namespace ?? '-'}/${metadata.name}`)
      .filter((line) => !line.includes('kube-root-ca')),
  ).toSorted();
const rulesOf = async (name: string): Promise<readonly unknown[]> =>
  (await client.find(ROLE, { namespace: 'acme', name }))?.rules ?? [];
const pods: Rule = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };

describe('an account', () => {
  it('is written twice without harm, and another provider’s stays when it goes', async () => {
    await write(OTHER, GUEST);
    const before = stored();
    await write(ACME, GUEST);
    await write(ACME, GUEST);
    await grantRules(client, ACME, [pods, { nonResourceURLs: ['/metrics'], verbs: ['get'] }]);
    expect(stored().length).toBeGreaterThan(before.length);

    const removed = await removeAccess(client, ACME);

    expect(removed).toContain('ServiceAccount kubeplus-saas-provider');
    expect(stored()).toEqual(before);
    expect(await removeAccess(client, ACME)).toEqual([]);
  });

  it('takes over no account and no Role that somebody else relies on, and then writes nothing', async () => {
    const metadata = { namespace: 'acme', name: 'backup' };
    await client.create(SERVICE_ACCOUNT, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    const before = stored();

    await expect(write(accountOf('acme', 'backup'))).rejects.toThrow(
      /ServiceAccount backup exists and was not made by this command; nothing was written/,
    );
    expect(stored()).toEqual(before);
    expect(await removeAccess(client, accountOf('acme', 'backup'))).toEqual([]);
    expect(stored()).toEqual(before);
  });

  it('goes on with what KubePlus’s own program made, and clears up its cluster-wide role', async () => {
    const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' } as const;
    const name = 'kubeplus-saas-provider';
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name };
    await client.create(SERVICE_ACCOUNT, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { namespace: 'acme', name },
    });
    await client.create(CLUSTER_ROLE, { ...rbac, kind: 'ClusterRole', metadata: { name }, rules: [] });
    await client.create(CLUSTER_ROLE_BINDING, {
      ...rbac,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef,
      subjects: [{ kind: 'ServiceAccount', namespace: 'acme', name }],
    });

    await write(ACME, GUEST);
    await write(OTHER, GUEST);
    await removeAccess(client, OTHER);
    expect(stored()).toContain(`ClusterRoleBinding -/${name}`);
    await removeAccess(client, ACME);

    expect(stored()).toEqual([]);
  });
});

describe('a consumer', () => {
  const bob = accountOf('acme', 'bob');

  it('keeps what was granted before when more is granted, and when the account is made again', async () => {
    await write(bob);
    await grantRules(client, bob, kindRules('platformapi.kubeplus', 'wps'));
    await grantRules(client, bob, kindRules('platformapi.kubeplus', 'shops'));
    await write(bob);

    expect(await rulesOf('bob:update')).toMatchObject([{ resources: ['shops'] }, { resources: ['wps'] }]);
    expect(stored().filter((line) => line.startsWith('Cluster'))).toEqual([]);
  });

  it('is granted nothing before it was made', async () => {
    await expect(grantRules(client, bob, [pods])).rejects.toThrow(
      'there is no consumer bob in namespace acme',
    );
  });

  it('lists what it was granted as KubePlus’s program does', async () => {
    await write(bob);
    await grantRules(client, bob, kindRules('platformapi.kubeplus', 'wps'));

    expect((await client.get(CONFIG_MAP, { namespace: 'acme', name: 'bob-perms' })).data).toEqual({
      'bob-perms.txt': "['events', 'wps']",
    });
  });
});

describe('a provider’s rights on CRDs', () => {
  it('are not given where no policy holds them', async () => {
    await expect(requireProviderPolicy(client)).rejects.toThrow(/tenantry-provider-crds is not bound/);
    const binding = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: 'tenantry-provider-crds' },
      spec: { policyName: 'tenantry-provider-crds', validationActions: ['Deny'] },
    };
    await client.create(VALIDATING_ADMISSION_POLICY_BINDING, binding);

    await requireProviderPolicy(client);
  });
});

describe('revoking', () => {
  it('takes from what was added and from what came first; an empty role goes with its binding', async () => {
    await write(ACME, GUEST);
    await grantRules(client, ACME, [pods]);

    expect(await revokeFrom(client, ACME, [{ ...pods, verbs: ['get', 'list', 'watch'] }])).toBe('revoked');

    expect(await rulesOf('kubeplus-saas-provider:update')).toEqual([]);
    expect(stored().filter((line) => line.includes(':update'))).toEqual([]);
    expect(JSON.stringify(await rulesOf('kubeplus-saas-provider'))).not.toContain('"pods"');
    expect(JSON.stringify(await rulesOf('kubeplus-saas-provider'))).toContain('"pods/log"');
  });

  it('says where there is nothing to take, and where nothing of it was held', async () => {
    expect(await revokeFrom(client, ACME, [pods])).toBe('none');
    await write(accountOf('acme', 'bob'));
    expect(await revokeFrom(client, accountOf('acme', 'bob'), [pods])).toBe('untouched');
  });
});

describe('what is granted to a provider', () => {
  it('holds for the charts of all its services, and in its namespace; nowhere else', async () => {
    await write(ACME, GUEST);
    await grantRules(client, ACME, [pods]);

    const bindings = api.objects(CLUSTER_ROLE_BINDING).map(({ metadata }) => metadata.name);
    expect(bindings).toEqual(['tenantry:operator:acme', 'tenantry:provider:acme']);
    const forServices = api
      .objects(CLUSTER_ROLE)
      .find(({ metadata }) => metadata.name.startsWith('tenantry-service-'));
    expect(forServices?.rules).toEqual([pods]);
    expect(
      api.objects(CLUSTER_ROLE).find(({ metadata }) => metadata.name === 'tenantry:operator:acme')?.rules,
    ).toEqual([
      { apiGroups: ['acme.platformapi.kubeplus'], resources: ['*'], verbs: ['*'] },
      {
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['clusterroles'],
        resourceNames: [forServices?.metadata.name],
        verbs: ['bind'],
      },
    ]);
  });
});
