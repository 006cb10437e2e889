import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NETWORK_POLICY, type NetworkPolicy } from '../../src/kube/builtin-kinds.ts';
import { eventually } from '../doubles/eventually.ts';
import { InstanceRig } from './instance-rig.ts';
import { install, writesOf } from './instance-steps.ts';

let rig: InstanceRig;
beforeEach(async () => {
  rig = await InstanceRig.start();
});
afterEach(() => rig.close());

function isolating(namespace: string): NetworkPolicy {
  const found = rig
    .objects(NETWORK_POLICY, namespace)
    .find(({ metadata }) => metadata.name === 'restrict-cross-ns-traffic');
  if (found === undefined) throw new Error(`no policy in ${namespace}`);
  return found;
}

const isOpen = (namespace: string, uid: string): boolean =>
  JSON.stringify(isolating(namespace).spec?.ingress).includes(uid) &&
  JSON.stringify(isolating(namespace).spec?.egress).includes(uid);

describe('traffic that an instance agreed to', () => {
  it('opens its own policy and not the other one’s, and writes nothing of the release', async () => {
    await install(rig, 'shop1');
    await install(rig, 'shop2');
    const uid = (await rig.find('shop2'))?.metadata.uid ?? '';
    const before = isolating('shop2').metadata.resourceVersion;

    const writes = await writesOf(rig, async () => {
      await rig.patch('shop1', { tenantry: { trafficWith: { shop2: uid } } });
      await eventually('the door is open', () => isOpen('shop1', uid));
    });

    expect(writes).toContain('PATCH networkpolicies restrict-cross-ns-traffic');
    expect(writes.filter((line) => / (?:secrets|configmaps|deployments|services) /.test(line))).toEqual([]);
    expect(isolating('shop2').metadata.resourceVersion).toBe(before);
    expect(rig.engine.renderings).toHaveLength(2);
  });

  it('closes it again, and puts back what somebody else opened', async () => {
    await install(rig, 'shop1');
    await install(rig, 'shop2');
    const closed = isolating('shop1').spec;
    const uid = (await rig.find('shop2'))?.metadata.uid ?? '';
    await rig.patch('shop1', { tenantry: { trafficWith: { shop2: uid } } });
    await eventually('the door is open', () => isOpen('shop1', uid));

    await rig.patch('shop1', { tenantry: { trafficWith: { shop2: null } } });
    await eventually('the door is closed', () => !isOpen('shop1', uid));
    expect(isolating('shop1').spec).toEqual(closed);

    const ref = { namespace: 'shop1', name: 'restrict-cross-ns-traffic' };
    const body = { spec: { ingress: [{}] } };
    await rig.client.patch(NETWORK_POLICY, ref, { type: 'merge', body }, { fieldManager: 'kubectl-patch' });
    await eventually(
      'it is as it was',
      () => JSON.stringify(isolating('shop1').spec) === JSON.stringify(closed),
    );
  });
});
