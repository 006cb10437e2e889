import { describe, expect, it } from 'vitest';
import { MemoryClient } from '../../../test/doubles/memory-client.ts';
import { podStats } from '../../../test/builders/pod-stats.ts';
import { instanceNamespace, instancePod, usageStores } from '../../../test/builders/usage-world.ts';
import { LEASE, POD } from '../../kube/builtin-kinds.ts';
import type { AdmissionRequest } from '../../runtime/admission.ts';
import { UsageBook } from './usage-book.ts';
import { usageReviews } from './usage-review.ts';

const request = (parts: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  uid: 'r',
  operation: 'CREATE',
  group: 'tenantry.dev',
  version: 'v1alpha1',
  kind: 'UsageReview',
  resource: 'usagereviews',
  subResource: '',
  namespace: 'shop1',
  name: 'usage',
  user: { username: 'jo', uid: '', groups: [] },
  object: undefined,
  oldObject: undefined,
  dryRun: true,
  ...parts,
});

const STORES = usageStores([instanceNamespace('shop1')], [instancePod('a', 'shop1')]);
const learned = (): UsageBook => {
  const book = new UsageBook();
  book.learn(
    7,
    { nodes: [{ node: 'n1', pods: [podStats('a')] }], applications: new Map() },
    new Map([['shop1', new Set(['n1'])]]),
  );
  return book;
};

/** What a replica with this book answers; `pages` is what the leader shows. */
async function ask(book: UsageBook, parts: Partial<AdmissionRequest> = {}, page?: unknown): Promise<unknown> {
  const client = new MemoryClient();
  const metadata = { namespace: 'op', name: 'tenantry-operator' };
  await client.create(LEASE, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata,
    spec: { holderIdentity: 'pod-b' },
  });
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'op', name: 'pod-b' } };
  await client.create(POD, { ...pod, status: { podIP: 'fd00::7' } });
  const asked: string[] = [];
  const reviews = usageReviews({
    stores: STORES,
    book,
    countedOf: () => 'owner',
    client,
    operatorNamespace: 'op',
    port: 8080,
    read: (url) => {
      asked.push(url);
      return page instanceof Error ? Promise.reject(page) : Promise.resolve(page);
    },
  });
  const answer = await reviews.handle(request(parts), new AbortController().signal);
  const [first] = answer.allowed ? (answer.patch ?? []) : [];
  return { asked, value: first?.value, allowed: answer.allowed };
}

describe('a UsageReview', () => {
  it('is answered by who leads', async () => {
    expect(await ask(learned())).toMatchObject({
      asked: [],
      value: {
        at: 7,
        counted: 'owner',
        pods: [podStats('a')],
        history: [{ at: 7, cpuMillicores: 1 }],
        gaps: [],
      },
    });
  });

  it('is handed on to the leader by the others', async () => {
    expect(await ask(new UsageBook(), {}, { at: 3, pods: [] })).toMatchObject({
      asked: ['http://[fd00::7]:8080/usage/shop1'],
      value: { at: 3, pods: [] },
    });
  });

  it('says why there is nothing', async () => {
    expect(await ask(new UsageBook(), {}, undefined)).toMatchObject({
      value: { gaps: [expect.stringMatching(/no figures/)] },
    });
    expect(await ask(new UsageBook(), {}, new Error('connection refused'))).toMatchObject({
      value: { gaps: [expect.stringMatching(/leading operator did not tell.*connection refused/)] },
    });
  });

  it.each([[{ namespace: 'kube-system' }], [{ namespace: '../metrics' }], [{ namespace: '' }]])(
    'tells of no namespace but those of instances: %j',
    async (parts) => {
      expect(await ask(learned(), parts)).toEqual({
        asked: [],
        allowed: true,
        value: { gaps: [`${parts.namespace} is no namespace of an instance`] },
      });
    },
  );

  it.each([[{ dryRun: false }], [{ operation: 'UPDATE' as const }]])('is never stored: %j', async (parts) => {
    expect(await ask(learned(), parts)).toMatchObject({ allowed: false });
  });
});
