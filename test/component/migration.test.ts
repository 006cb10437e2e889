import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Instance } from '../../src/api/instance.ts';
import { REVISION } from '../../src/api/revision.ts';
import { generatedCrd } from '../../src/helm/generated-crd.ts';
import { inventoryOf } from '../../src/features/instance/inventory.ts';
import { MIGRATE_UID_ANNOTATION, releaseIn } from '../../src/features/instance/migration.ts';
import type { InstanceService } from '../../src/features/instance/service.ts';
import { CONFIG_MAP, CRD, DEPLOYMENT, PVC, SECRET } from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { AnyObject } from '../../src/kube/object.ts';
import { eventually } from '../doubles/eventually.ts';
import { fourObjects, InstanceRig, object, OPERATOR, SHOP } from './instance-rig.ts';
import { helmRecords, install, observed } from './instance-steps.ts';

const STORE: Kind<Instance> = { ...SHOP, kind: 'StoreService', plural: 'storeservices' };
const STORE_UID = '22222222-2222-4222-8222-222222222222';
const STORES: InstanceService = {
  kind: STORE,
  composition: { namespace: OPERATOR, name: 'store', uid: STORE_UID },
  currentRevision: (stores) => stores.list(REVISION).find(({ spec }) => spec.resource.kind === STORE.kind),
};
const MIGRATE = 'kubeplus/migrate-from';
const claim = object('v1', 'PersistentVolumeClaim', 'data', { spec: { accessModes: ['ReadWriteOnce'] } });

let rig: InstanceRig;
/** A second kind, and a chart that differs by it. */
async function prepare(rig: InstanceRig): Promise<void> {
  // What the first kind has and the second has not: a claim and a Secret with data, and a map that anybody can make again.
  rig.engine.template = (request) => {
    const [settings, password, ...rest] = fourObjects(request) as [object, object, ...object[]];
    const isShop = request.values['isStore'] !== true;
    const kept = isShop ? [claim, password, object('v1', 'ConfigMap', 'theme', { data: { a: 'b' } })] : [];
    return [settings, ...rest, ...kept];
  };
  const { group, version, kind, plural } = STORE;
  const resource = { group, version, kind, plural };
  const spec = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const crd = generatedCrd({ resource, serviceUid: STORE_UID, spec, description: '', kinds: [] });
  // Plain JSON under the kind of definitions.
  await rig.client.create({ ...CRD, plural: CRD.plural } as unknown as Kind<AnyObject>, crd);
  const [shop] = rig.objects(REVISION);
  await rig.client.create(REVISION, {
    ...shop!,
    metadata: { name: 'store-1', namespace: OPERATOR },
    spec: {
      ...shop!.spec,
      resource,
      composition: { name: 'store', uid: STORE_UID },
      providerValues: { isStore: true },
    },
  });
}
beforeEach(async () => {
  rig = await InstanceRig.start({ services: [STORES], prepare });
});
afterEach(() => rig.close());

/** The object of the other kind as admission leaves it: with the release that it takes over, and the UID of whose that is. */
async function migrate(): Promise<void> {
  const adopted = releaseIn(rig.namespace('shop1'));
  const { uid = '' } = (await rig.find('shop1'))!.metadata;
  await rig.client.create(STORE, {
    apiVersion: `${STORE.group}/${STORE.version}`,
    kind: STORE.kind,
    metadata: {
      name: 'shop1',
      namespace: OPERATOR,
      annotations: { [MIGRATE]: SHOP.kind, [MIGRATE_UID_ANNOTATION]: uid },
      finalizers: ['tenantry.dev/cleanup'],
    },
    tenantry: { adopted: adopted! },
  });
  await runs(STORE, 2);
}

/** The release of a kind's instance is through. */
async function runs(kind: Kind<Instance>, number: number): Promise<void> {
  await eventually(`release ${number} of ${kind.kind} runs`, async () => {
    observed(rig);
    const { status } = await rig.client.get(kind, { namespace: OPERATOR, name: 'shop1' });
    return (
      status?.release === number &&
      status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true
    );
  });
  await rig.quiet();
}

const names = (kind: Kind): readonly string[] =>
  rig.objects(kind, 'shop1').map(({ metadata }) => metadata.name);
/** As admission leaves it. */
async function annotate(kind: Kind<Instance>, from: Kind<Instance> | null): Promise<void> {
  const ref = { namespace: OPERATOR, name: 'shop1' };
  const uid = from === null ? null : ((await rig.client.get(from, ref)).metadata.uid ?? '');
  const annotations = { [MIGRATE]: from?.kind ?? null, [MIGRATE_UID_ANNOTATION]: uid };
  await rig.client.patch(kind, ref, { type: 'merge', body: { metadata: { annotations } } });
}

describe('a migration between kinds', () => {
  it('goes on with the namespace, the release and the data of the other', async () => {
    await install(rig);
    const before = {
      namespace: rig.namespace('shop1')?.metadata.uid,
      claim: rig.objects(PVC, 'shop1')[0]?.metadata.uid,
    };

    await migrate();

    expect({
      namespace: rig.namespace('shop1')?.metadata.uid,
      claim: rig.objects(PVC, 'shop1')[0]?.metadata.uid,
    }).toEqual(before);
    expect(rig.engine.renderings.at(-1)?.release).toEqual({
      name: 'shopservice-shop1',
      namespace: 'shop1',
      revision: 2,
      isUpgrade: true,
    });
    expect(helmRecords(rig)).toEqual(['1:superseded:ours', '2:deployed:ours']);
    expect(names(SECRET)).toContain('password');
    expect(names(CONFIG_MAP)).toEqual(['settings']);
    await rig.until('shop1', { reason: 'Migrated' });
  });

  it('is undone the same way, and the data are there', async () => {
    await install(rig);
    const { uid } = rig.objects(PVC, 'shop1')[0]!.metadata;
    await migrate();

    await annotate(STORE, null);
    await annotate(SHOP, STORE);
    await runs(SHOP, 3);

    expect(rig.objects(PVC, 'shop1').map(({ metadata }) => metadata.uid)).toEqual([uid]);
    expect(names(CONFIG_MAP).toSorted()).toEqual(['settings', 'theme']);
    expect(inventoryOf(rig.namespace('shop1'))?.release.running?.revision).toBe('shop-1');
  });

  it('is confirmed by deleting the other, which takes nothing along', async () => {
    await install(rig);
    await migrate();

    await rig.client.delete(SHOP, { namespace: OPERATOR, name: 'shop1' });
    await rig.gone('shop1');
    await rig.quiet();

    expect(names(DEPLOYMENT)).toEqual(['web']);
    expect(names(PVC)).toEqual(['data']);
  });

  it('goes back and forth between two that both want it not at all', async () => {
    await install(rig);
    await migrate();

    await annotate(SHOP, STORE);
    await rig.restart();
    await rig.quiet();

    expect(inventoryOf(rig.namespace('shop1'))?.release.number).toBe(2);
  });

  it.each([
    ['a kind that it does not name', 'OtherService', undefined],
    ['a later instance of the name', SHOP.kind, '99999999-9999-4999-8999-999999999999'],
    ['one that admission did not look at', SHOP.kind, undefined],
  ])('takes nothing from %s', async (_what, from, uid) => {
    await install(rig);
    const adopted = releaseIn(rig.namespace('shop1'));
    await rig.client.create(STORE, {
      apiVersion: `${STORE.group}/${STORE.version}`,
      kind: STORE.kind,
      metadata: {
        name: 'shop1',
        namespace: OPERATOR,
        annotations: { [MIGRATE]: from, ...(uid === undefined ? {} : { [MIGRATE_UID_ANNOTATION]: uid }) },
        finalizers: ['tenantry.dev/cleanup'],
      },
      tenantry: { adopted: adopted! },
    });
    await eventually('the store says so', async () => {
      const { status } = await rig.client.get(STORE, { namespace: OPERATOR, name: 'shop1' });
      return (
        status?.conditions?.some(({ reason }) => reason === 'NotHandedOver' || reason === 'Migrated') === true
      );
    });

    expect(rig.namespace('shop1')?.metadata.labels?.['tenantry.dev/instance-kind']).toBe(SHOP.kind);
    expect((await rig.find('shop1'))?.status?.release).toBe(1);
  });
});
