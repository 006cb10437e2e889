import { describe, expect, it } from 'vitest';
import { pod } from '../../../test/builders/virtual.ts';
import type { Node } from '../../kube/builtin-kinds.ts';
import { decideNode, tenantNode, type NodeFacts } from './nodes.ts';

const RUNNING = { ...pod(), status: { hostIP: '10.0.0.5' } };
const HOST: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: 'n1',
    uid: 'node-1',
    labels: {
      'kubernetes.io/arch': 'arm64',
      'topology.kubernetes.io/zone': 'a',
      'corp.example/owner': 'secret',
    },
  },
  status: {
    addresses: [{ type: 'InternalIP', address: '10.0.0.5' }],
    capacity: { cpu: '4' },
    conditions: [
      {
        type: 'Ready',
        status: 'False',
        lastHeartbeatTime: '2026-01-01T00:00:00Z',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
  },
};
const facts = (given: Partial<NodeFacts>): NodeFacts => ({ name: 'n1', pods: [RUNNING], now: 0, ...given });

describe('decideNode', () => {
  it('makes a node for the pods that are on it, and takes it away with the last', () => {
    expect(decideNode(facts({}))).toMatchObject([
      { do: 'create', on: 'tenant', object: { metadata: { name: 'n1' } } },
    ]);
    const made: Node = {
      ...tenantNode(facts({})),
      metadata: { ...tenantNode(facts({})).metadata, uid: 'x' },
    };

    expect(decideNode(facts({ tenant: made }))).toEqual([]);
    expect(decideNode(facts({ tenant: made, pods: [] }))).toMatchObject([{ do: 'delete', uid: 'x' }]);
  });

  it('leaves nodes alone that a tenant made', () => {
    const own: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', uid: 'x' } };

    expect(decideNode(facts({ tenant: own }))).toEqual([]);
    expect(decideNode(facts({ tenant: own, pods: [] }))).toEqual([]);
  });

  it('says what is true of the host’s node, and nothing of its owner', () => {
    const node = tenantNode(facts({ host: HOST }));

    expect(node.metadata.labels).toMatchObject({
      'kubernetes.io/arch': 'arm64',
      'topology.kubernetes.io/zone': 'a',
    });
    expect(JSON.stringify(node)).not.toContain('secret');
    expect(node.status).toMatchObject({
      capacity: { cpu: '4' },
      conditions: [{ type: 'Ready', status: 'False' }],
      daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
    });
  });

  it('writes nothing for a heartbeat', () => {
    const made = tenantNode(facts({ host: HOST }));
    const [ready] = HOST.status?.conditions ?? [];
    const beat = { type: 'Ready', status: 'False', ...ready, lastHeartbeatTime: '2026-01-01T00:05:00Z' };

    expect(
      decideNode(facts({ tenant: made, host: { ...HOST, status: { ...HOST.status, conditions: [beat] } } })),
    ).toEqual([]);
  });

  it('invents nothing where the host’s node may not be read', () => {
    const { status, metadata } = tenantNode(facts({}));

    expect(metadata.labels).toMatchObject({ 'kubernetes.io/hostname': 'n1' });
    expect(status).not.toHaveProperty('capacity');
    expect(status).not.toHaveProperty('nodeInfo');
    expect(status?.addresses).toContainEqual({ type: 'InternalIP', address: '10.0.0.5' });
  });
});
