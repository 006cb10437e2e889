import { describe, expect, it } from 'vitest';
import { LEDGER } from '../../api/ledger.ts';
import { TENANT_PLAN } from '../../api/plan.ts';
import { TENANT } from '../../api/tenant.ts';
import type { Client } from '../../client/client.ts';
import { NAMESPACE } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import { FakeClock } from '../../lib/fake-clock.ts';
import type { AdmissionRequest } from '../../runtime/admission.ts';
import type { Stores } from '../../runtime/controller.ts';
import { placeTaker, planTermsOf } from './tenancy.ts';

const object = (kind: string, name: string, more: object = {}, labels: object = {}): KubeObject => ({
  apiVersion: '',
  kind,
  metadata: { name, namespace: 'op', uid: name, labels: { ...labels } },
  ...more,
});
const OURS = { 'tenantry.dev/tenant': 'acme', 'tenantry.dev/tenant-namespace': 'op' };
const HOME = object('Namespace', 'team', {}, OURS);
const ACME = object('Tenant', 'acme', { spec: { plan: 'small' } });
const SMALL = object('Plan', 'small', { spec: { instances: 0, egress: 'closed' } });
const TAKEN = object('Ledger', 'acme', { spec: { tenantUid: 'acme', places: {} } });

type Objects = readonly (readonly [Kind, KubeObject])[];

function find(objects: Objects, kind: Kind, name: string): KubeObject | undefined {
  return objects.find(([of, { metadata }]) => of === kind && metadata.name === name)?.[1];
}

/** Stores with these objects. */
function storesOf(objects: Objects): Stores {
  return {
    // The double holds objects of the kinds that it was given.
    get: (kind, { name }) => find(objects, kind, name) as never,
    list: () => [],
    byIndex: () => [],
  };
}

/** What is said about a new instance, where the stores have these objects and the API has those. */
async function ask(stores: Objects, api: Objects): Promise<readonly string[]> {
  const client = {
    find: (kind: Kind, { name }: { name: string }) => Promise.resolve(find(api, kind, name)),
  };
  const take = placeTaker({
    // Admission only looks here, for nothing is let through.
    client: client as unknown as Client,
    clock: new FakeClock(),
    services: { kinds: () => [], policiesOf: () => undefined },
    operatorNamespace: 'op',
    stores: storesOf(stores),
  });
  const request: AdmissionRequest = {
    uid: 'r',
    operation: 'CREATE',
    group: 'g',
    version: 'v1',
    kind: 'Shop',
    resource: 'shops',
    subResource: '',
    namespace: 'team',
    name: 'a',
    user: { username: 'ann', uid: '', groups: [] },
    object: undefined,
    oldObject: undefined,
    dryRun: false,
  };
  return (await take(request, new AbortController().signal)).map(({ message }) => message);
}

describe('a new instance', () => {
  const known: Objects = [
    [TENANT, ACME],
    [TENANT_PLAN, SMALL],
  ];

  it('is its tenant’s also where the store has not seen the namespace yet', async () => {
    const api: Objects = [
      [NAMESPACE, HOME],
      [LEDGER, TAKEN],
    ];

    expect(await ask(known, api)).toEqual([
      expect.stringContaining('Plan small of tenant acme has no place'),
    ]);
  });

  it('is the default tenant’s in a namespace that names none', async () => {
    expect(await ask([...known, [NAMESPACE, object('Namespace', 'team')]], [])).toEqual([]);
  });
});

describe('the terms of an instance that runs', () => {
  const termsIn = (objects: Objects): ReturnType<typeof planTermsOf> =>
    planTermsOf('team', { group: 'g', kind: 'Shop' }, storesOf(objects), 'op');

  it('are not guessed while nobody knows the namespace, the tenant or the plan', () => {
    const nobody = termsIn([]);
    const noTenant = termsIn([[NAMESPACE, HOME]]);
    const noPlan = termsIn([
      [NAMESPACE, HOME],
      [TENANT, ACME],
    ]);

    expect([nobody, noTenant, noPlan]).toEqual([
      { problem: 'Namespace team is not known yet' },
      { problem: expect.stringContaining('Tenant acme of namespace op does not exist') as string },
      { problem: expect.stringContaining('is on plan small, which does not exist there') as string },
    ]);
  });
});
