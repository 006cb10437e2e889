import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeApi, type FakeApi } from '../../../test/fakeapi/fake-api.ts';
import { CONTROL_PLANE, controlPlaneCrd } from '../../api/control-plane.ts';
import { KFLEX_FINALIZER } from '../../api/control-plane-names.ts';
import { FINALIZER } from '../../api/names.ts';
import { VIRTUAL_CLUSTER, virtualClusterCrd } from '../../api/virtual-cluster.ts';
import { CRD } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import type { AnyObject } from '../../kube/object.ts';
import { systemClock } from '../../lib/clock.ts';
import { silentProgress } from '../../lib/progress.ts';
import { releaseInstances } from './release-instances.ts';

// The same kind for manifests, whose form is not told.
const { group, version, kind, plural } = CRD;
const CRDS: Kind<AnyObject> = { group, version, kind, plural, namespaced: false };
let api: FakeApi;
beforeAll(async () => {
  api = await startFakeApi({ namespaces: ['team-a', 'operator'], unenforced: ['CEL rules'] });
  const client = api.client();
  for (const crd of [virtualClusterCrd(), controlPlaneCrd()]) await client.create(CRDS, crd);
  await client.close();
});
afterAll(() => api.close());

describe('an operator that goes', () => {
  it('leaves no finalizer behind that nobody would take away', async () => {
    const metadata = { name: 'one', namespace: 'team-a', finalizers: [FINALIZER] };
    api.put(VIRTUAL_CLUSTER, { apiVersion: 'tenantry.dev/v1alpha1', kind: 'VirtualCluster', metadata });
    api.put(CONTROL_PLANE, {
      apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
      kind: 'ControlPlane',
      metadata: { name: 'a', finalizers: [KFLEX_FINALIZER] },
      spec: { type: 'k8s' },
    });

    await releaseInstances({
      client: api.client(),
      clock: systemClock,
      progress: silentProgress,
      namespace: 'operator',
      signal: new AbortController().signal,
    });

    for (const one of [...api.objects(VIRTUAL_CLUSTER), ...api.objects(CONTROL_PLANE)])
      expect(one.metadata.finalizers ?? []).toEqual([]);
  });
});
