import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CONFIG_MAP,
  DEPLOYMENT,
  LIMIT_RANGE,
  NAMESPACE,
  NETWORK_POLICY,
  RESOURCE_QUOTA,
  ROLE_BINDING,
  SECRET,
  SERVICE,
  SERVICE_ACCOUNT,
} from '../../src/kube/builtin-kinds.ts';
import { decodeRelease } from '../../src/helm/release-secret.ts';
import { InstanceRig } from './instance-rig.ts';

let rig: InstanceRig;
beforeEach(async () => {
  rig = await InstanceRig.start();
});
afterEach(() => rig.close());

/** The Deployment of the test chart is observed by nobody here; this does what its controller would. */
function observed(): void {
  for (const one of rig.objects(DEPLOYMENT)) {
    rig.api.put(DEPLOYMENT, { ...one, status: { observedGeneration: one.metadata.generation ?? 1 } });
  }
}

async function install(name = 'shop1', spec = {}): Promise<void> {
  await rig.create(name, spec);
  await rig.until(name, { reason: 'Waiting' });
  observed();
  await rig.ready(name);
}

describe('an instance', () => {
  it('is installed with 16 writes at most', async () => {
    await install();
    await rig.quiet();

    expect(rig.writes()).toEqual([
      'POST namespaces shop1',
      'POST resourcequotas shopservice-shop1',
      'POST limitranges shopservice-shop1',
      'POST networkpolicies restrict-cross-ns-traffic',
      'POST networkpolicies allow-external-traffic',
      'POST rolebindings tenantry-instance',
      'POST secrets sh.helm.release.v1.shopservice-shop1.v1',
      'POST serviceaccounts default',
      'POST configmaps settings',
      'POST secrets password',
      'POST services web',
      'POST deployments web',
      'PATCH secrets sh.helm.release.v1.shopservice-shop1.v1',
      'PATCH namespaces shop1',
      'PATCH shopservices shop1 status',
      'PATCH shopservices shop1 status',
    ]);
  });
});
