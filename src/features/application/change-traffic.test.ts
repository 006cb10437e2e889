import { describe, expect, it } from 'vitest';
import type { Instance } from '../../api/instance.ts';
import type { Client } from '../../client/client.ts';
import type { ServedResource } from '../../client/discovery-documents.ts';
import { KubeError } from '../../kube/kube-error.ts';
import type { Kind, ObjectRef } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import { agrees, findSide, isInForce, names, type Side } from './change-traffic.ts';

const served = (kind: string): ServedResource => ({
  group: 'platformapi.kubeplus',
  version: 'v1alpha1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  namespaced: true,
  verbs: ['get', 'list'],
  shortNames: [],
  categories: [],
  subresources: [],
});
const RESOURCES = [served('Closed'), served('Shop')];
const instance = (name: string, uid: string, more: Partial<Instance> = {}): Instance => ({
  apiVersion: 'platformapi.kubeplus/v1alpha1',
  kind: 'Shop',
  metadata: { name, namespace: 'team', uid },
  status: { namespace: `team-${name}` },
  ...more,
});
const marked = (name: string, uid: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: `team-${name}`,
    labels: {
      'tenantry.dev/instance-kind': 'Shop',
      'tenantry.dev/instance-name': name,
      'tenantry.dev/instance-namespace': 'team',
      'tenantry.dev/instance-uid': uid,
    },
  },
});

interface Server {
  readonly instances?: readonly Instance[];
  /** Undefined: who asks may not read namespaces. */
  readonly namespaces?: readonly KubeObject[];
}

/** A server whose kind Closed nobody may list. */
function clientOf({ instances = [], namespaces }: Server): Client {
  const forbid = (): never => {
    throw new KubeError('Forbidden', 'no');
  };
  const client = {
    find: async (kind: Kind, ref: ObjectRef) => {
      if (kind.kind === 'Namespace')
        return (namespaces ?? forbid()).find(({ metadata }) => metadata.name === ref.name);
      return kind.kind === 'Shop' ? instances.find(({ metadata }) => metadata.name === ref.name) : undefined;
    },
    list: async (kind: Kind) => (kind.kind === 'Closed' ? forbid() : { items: instances }),
  };
  // The double answers the two calls that are made.
  return client as unknown as Client;
}
const find = (server: Server, target: string): Promise<Side> =>
  findSide(clientOf(server), RESOURCES, target, 'team');

describe('findSide', () => {
  it('goes by the marks of the namespace', async () => {
    const server = { instances: [instance('a', 'u1')], namespaces: [marked('a', 'u1')] };

    expect((await find(server, 'team-a')).instance.metadata.uid).toBe('u1');
  });

  it('finds no instance that took the name of the marked one', async () => {
    const server = { instances: [instance('a', 'new')], namespaces: [marked('a', 'old')] };

    await expect(find(server, 'team-a')).rejects.toThrow("does not exist in namespace 'team-a'");
  });

  it('asks the instances of the own namespace where namespaces may not be read, past kinds that may not', async () => {
    const server = { instances: [instance('a', 'u1'), instance('b', 'u2')] };

    expect((await find(server, 'team-b')).instance.metadata.uid).toBe('u2');
    await expect(find(server, 'other')).rejects.toThrow("does not exist in namespace 'other'");
  });
});

describe('an agreement', () => {
  const side = (name: string, uid: string, trafficWith: Record<string, string> = {}): Side => ({
    target: `team-${name}`,
    kind: RESOURCES[1] ?? served('Shop'),
    instance: instance(name, uid, { tenantry: { trafficWith } }),
  });
  const b = side('b', 'u2');

  it('with an instance that went is none with its successor, but is there to be taken away', () => {
    const before = side('a', 'u1', { 'team-b': 'gone' });

    expect([agrees(before, b), names(before, b)]).toEqual([false, true]);
    expect(agrees(side('a', 'u1', { 'team-b': 'u2' }), b)).toBe(true);
  });

  it('is in force as far as one may look', async () => {
    const peers = (uid: string) => [
      {
        from: [
          { namespaceSelector: { matchExpressions: [{ key: 'tenantry.dev/instance-uid', values: [uid] }] } },
        ],
      },
    ];
    const policy = (uid: string) =>
      ({ find: async () => ({ spec: { ingress: peers(uid) } }) }) as unknown as Client; // true: the one call
    const closed = { find: () => Promise.reject(new KubeError('Forbidden', 'no')) } as unknown as Client; // true: the one call

    expect(await isInForce(policy('u2'), side('a', 'u1'), b, true)).toBe(true);
    expect(await isInForce(policy('other'), side('a', 'u1'), b, true)).toBe(false);
    expect(await isInForce(policy('u2'), side('a', 'u1'), b, false)).toBe(false);
    expect(await isInForce(closed, side('a', 'u1'), b, true)).toBeUndefined();
  });
});
