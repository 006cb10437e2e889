import { describe, expect, it } from 'vitest';
import type { ClusterAccess } from '../../client/access.ts';
import type { RawRequest } from '../../client/client.ts';
import type { Node } from '../../kube/builtin-kinds.ts';
import { FakeClock } from '../../lib/fake-clock.ts';
import type { Stores } from '../../runtime/controller.ts';
import { kubeletAsker, kubeletUrl } from './kubelets.ts';

const nodeAt = (address: string, type = 'InternalIP', Port = 10_250): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1' },
  status: { addresses: [{ type, address }], daemonEndpoints: { kubeletEndpoint: { Port } } },
});

/** An asker of one node; notes tokens that were made, and what each kubelet was shown. */
function asker(more: { ca?: string; insecure?: boolean; fail?: Error } = {}) {
  const clock = new FakeClock();
  const seen: { access: ClusterAccess; token: string | undefined; path: string }[] = [];
  const made: RawRequest[] = [];
  const state = { open: 0 };
  // The one store that is read.
  const stores = { get: () => nodeAt('10.0.0.7') } as unknown as Stores;
  const ask = kubeletAsker({
    clock,
    stores,
    operatorNamespace: 'op',
    ca: more.ca ?? 'the-cluster',
    insecure: more.insecure ?? false,
    client: {
      raw: async (request) => {
        made.push(request);
        return { status: 201, headers: {}, text: `{"status":{"token":"t${made.length}"}}` };
      },
    },
    connect: (access) => {
      state.open += 1;
      return {
        raw: async ({ path }) => {
          seen.push({ access, token: (await access.credentials.current()).token, path });
          if (more.fail !== undefined) throw more.fail;
          return { status: 200, headers: {}, text: '{"pods":[{"podRef":{"uid":"u"}}]}' };
        },
        close: async () => void (state.open -= 1),
      };
    },
  });
  return { ask: () => ask('n1', new AbortController().signal), clock, seen, made, state };
}

describe('asking a kubelet', () => {
  it('goes to its own address with a token of an account that can do nothing else', async () => {
    const { ask, seen, made, state } = asker();

    expect(await ask()).toMatchObject([{ uid: 'u' }]);
    expect(seen).toMatchObject([
      {
        path: '/stats/summary',
        token: 't1',
        access: { server: 'https://10.0.0.7:10250', ca: 'the-cluster' },
      },
    ]);
    expect(seen[0]?.access.insecureSkipTlsVerify).toBeUndefined();
    expect(made.map(({ path }) => path)).toEqual([
      '/api/v1/namespaces/op/serviceaccounts/tenantry-usage/token',
    ]);
    expect(state.open).toBe(0);
  });

  it('takes a token for half of its hour', async () => {
    const { ask, clock, seen } = asker();

    await ask();
    await ask();
    await clock.advance(31 * 60_000);
    await ask();

    expect(seen.map(({ token }) => token)).toEqual(['t1', 't1', 't2']);
  });

  it('trusts any certificate only where somebody says so', async () => {
    const { ask, seen } = asker({ insecure: true });

    await ask();

    expect(seen[0]?.access).toMatchObject({ insecureSkipTlsVerify: true });
  });

  it('says what to do where the certificate is not trusted', async () => {
    const { ask, state } = asker({ fail: new Error('self-signed certificate') });

    await expect(ask()).rejects.toThrow(/self-signed certificate.*kubelets.caBundle/);
    expect(state.open).toBe(0);
  });
});

describe('the address of a kubelet', () => {
  it.each([
    [nodeAt('10.0.0.7'), 'https://10.0.0.7:10250'],
    [nodeAt('fd00::7', 'InternalIP', 7777), 'https://[fd00::7]:7777'],
    [nodeAt('n1', 'Hostname'), undefined],
    [{ ...nodeAt('1'), status: {} }, undefined],
  ])('is internal, with the port that the node says', (node, url) => {
    expect(kubeletUrl(node)).toBe(url);
  });
});
