import { describe, expect, it } from 'vitest';
import { around, pod, TENANT } from '../../../test/builders/virtual.ts';
import type { Pod } from '../../kube/builtin-kinds.ts';
import type { Deed } from '../deed.ts';
import { HOST_UID_ANNOTATION } from '../marks.ts';
import { POD_ROW } from './pod-row.ts';

const NOW = 0;
const GONE = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 7 };
const decide = (tenant?: Pod, host?: Pod): readonly Deed[] => POD_ROW.decide({ tenant, host }, around(), NOW);

/** The host's pod as it is made for a tenant's, with what a test changes. */
function hostOf(tenant: Pod, changes: Partial<Pod> = {}): Pod {
  const [deed] = decide(tenant);
  if (deed?.do !== 'create') throw new Error(`not created but ${JSON.stringify(deed)}`);
  const made = deed.object as Pod; // true: it is the row of pods
  return {
    ...made,
    ...changes,
    metadata: { ...made.metadata, uid: 'host-1', ...changes.metadata },
    spec: { containers: [], ...made.spec, ...changes.spec },
  };
}
const doings = (deeds: readonly Deed[]): string[] =>
  deeds.map((deed) => ('on' in deed ? `${deed.do} ${deed.on}` : deed.do));

describe('the row of pods', () => {
  it('makes the host’s pod, and nothing more while nothing changes', () => {
    const tenant = pod();

    expect(doings(decide(tenant))).toEqual(['create host']);
    expect(decide(tenant, hostOf(tenant))).toEqual([]);
  });

  it('tells why a pod is not made', () => {
    const [deed] = decide(pod({ hostNetwork: true }));

    expect(deed).toMatchObject({ do: 'tell', type: 'Warning', reason: 'Refused' });
    expect(JSON.stringify(deed)).toContain('spec.hostNetwork');
  });

  it('deletes only the tenant’s pod when the host lost its pod', () => {
    const bound = pod({ nodeName: 'n1' }, { annotations: { [HOST_UID_ANNOTATION]: 'host-1' } });

    expect(decide(bound)).toEqual([
      {
        do: 'delete',
        on: 'tenant',
        kind: POD_ROW.kind,
        ref: { namespace: 'shop', name: 'web' },
        uid: 'pod-1',
        graceSeconds: 0,
      },
    ]);
  });

  it('leaves a pod that has finished alone when the host’s is gone', () => {
    expect(decide({ ...pod(), status: { phase: 'Succeeded', startTime: '2026-01-01T00:00:00Z' } })).toEqual(
      [],
    );
  });

  it('ends the host’s pod with the tenant’s, in the time it was given', () => {
    const host = hostOf(pod());

    expect(decide(pod({}, GONE), host)).toMatchObject([
      { do: 'delete', on: 'host', uid: 'host-1', graceSeconds: 7 },
    ]);
    expect(decide(undefined, host)).toMatchObject([{ do: 'delete', on: 'host', uid: 'host-1' }]);
    expect(decide(pod({}, GONE))).toMatchObject([
      { do: 'delete', on: 'tenant', uid: 'pod-1', graceSeconds: 0 },
    ]);
  });

  it('ends the tenant’s pod with the host’s, in the time it was given', () => {
    const host = hostOf(pod(), { metadata: { ...hostOf(pod()).metadata, ...GONE } });

    expect(decide(pod(), host)).toMatchObject([
      { do: 'delete', on: 'tenant', uid: 'pod-1', graceSeconds: 7 },
    ]);
  });

  it('ends the host’s pod of a pod that had the name before', () => {
    const host = hostOf(pod());

    expect(decide(pod({}, { uid: 'pod-2' }), host)).toMatchObject([
      { do: 'delete', on: 'host', uid: 'host-1' },
    ]);
  });

  it('binds the pod to the node that the host chose', () => {
    const host = hostOf(pod(), { spec: { containers: [], nodeName: 'n1' } });

    expect(decide(pod(), host)[0]).toMatchObject({ do: 'bind', node: 'n1', hostUid: 'host-1' });
  });

  it('brings the status back without what is the host’s alone', () => {
    const tenant: Pod = { ...pod(), status: { qosClass: 'BestEffort', phase: 'Pending' } };
    const status = {
      phase: 'Running',
      qosClass: 'Burstable',
      observedGeneration: 4,
      message: 'secret "s-x-shop-x-vc1" not found in namespace "team-a"',
      containerStatuses: [
        { name: 'main', ready: true, restartCount: 0, image: 'nginx', imageID: '' },
        { name: 'injected', ready: true, restartCount: 0, image: 'sidecar', imageID: '' },
      ],
      conditions: [{ type: 'Ready', status: 'True', observedGeneration: 4 }],
    };

    const [deed] = decide(tenant, hostOf(pod(), { status }));

    expect(deed).toMatchObject({ do: 'patch', on: 'tenant', subresource: 'status' });
    expect(deed?.do === 'patch' ? deed.body : undefined).toEqual({
      metadata: { uid: 'pod-1' },
      status: {
        phase: 'Running',
        message: 'secret "s" not found in namespace "shop"',
        containerStatuses: [status.containerStatuses[0]],
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    });
  });

  it('brings readiness gates to the host and leaves them alone on the way back', () => {
    const gate = { type: 'corp/ready', status: 'True' };
    const spec = { readinessGates: [{ conditionType: 'corp/ready' }] };
    const tenant: Pod = { ...pod(spec), status: { conditions: [gate] } };
    const host = hostOf(pod(spec), { status: { conditions: [{ type: 'corp/ready', status: 'False' }] } });

    expect(decide(tenant, host)).toMatchObject([
      {
        do: 'patch',
        on: 'host',
        type: 'strategic',
        subresource: 'status',
        body: { status: { conditions: [gate] } },
      },
    ]);
  });

  it('brings changed labels, images and gates to the host, and takes away what went', () => {
    const before = pod({ schedulingGates: [{ name: 'g' }] }, { labels: { app: 'web', old: 'x' } });
    const host = hostOf(before);
    const after = pod({ containers: [{ name: 'main', image: 'nginx:2' }] }, { labels: { app: 'shop' } });

    const deeds = decide(after, host);

    expect(deeds).toHaveLength(1);
    expect(deeds[0]).toMatchObject({
      do: 'patch',
      on: 'host',
      type: 'strategic',
      body: {
        metadata: { uid: 'host-1', labels: { app: 'shop', old: null } },
        spec: {
          containers: [{ name: 'main', image: 'nginx:2' }],
          schedulingGates: [{ $patch: 'delete', name: 'g' }],
        },
      },
    });
  });

  it('tolerates what others changed in the host’s pod', () => {
    const host = hostOf(pod());
    const mutated: Pod = {
      ...host,
      metadata: { ...host.metadata, labels: { ...host.metadata.labels, injected: 'yes' } },
      spec: {
        ...host.spec,
        tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists' }],
        containers: [
          { ...host.spec?.containers[0], name: 'main', image: 'mirror/nginx' },
          { name: 'sidecar', image: 's' },
        ],
      },
    };

    expect(decide(pod(), mutated)).toEqual([]);
  });

  it('resizes by the subresource before it says that it did', () => {
    const resources = { requests: { cpu: '2' } };
    const host = hostOf(
      pod({ containers: [{ name: 'main', image: 'nginx', resources: { requests: { cpu: '1' } } }] }),
    );

    const deeds = decide(pod({ containers: [{ name: 'main', image: 'nginx', resources }] }), host);

    expect(deeds).toMatchObject([
      { subresource: 'resize', body: { spec: { containers: [{ name: 'main', resources }] } } },
      { do: 'patch', on: 'host' },
    ]);
  });

  it('adds debug containers by the subresource, and refuses privileged ones', () => {
    const host = hostOf(pod());
    const debug = (securityContext: object): Pod =>
      pod({ ephemeralContainers: [{ name: 'debug', image: 'busybox', securityContext }] });

    expect(decide(debug({}), host)).toMatchObject([{ subresource: 'ephemeralcontainers' }]);
    expect(decide(debug({ privileged: true }), host)).toMatchObject([{ do: 'tell', reason: 'Refused' }]);
    expect(TENANT.rules.privileged).toBe(false);
  });
});
