import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../../src/client/client.ts';
import { CONFIG_MAP, EVENT, SECRET } from '../../../src/kube/builtin-kinds.ts';
import { configMap, exchange, type Subject, type SubjectFactory, type WireAnswer } from './subject.ts';

interface Page {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

/** Lists: pages and their tokens, versions, and what selects. */
export function listConformance(factory: SubjectFactory): void {
  describe('lists', () => {
    let subject: Subject;
    let client: Client;
    let ns: string;
    beforeAll(async () => {
      subject = await factory();
      ({ client, namespace: ns } = subject);
      for (const name of ['a', 'b', 'c'])
        await client.create(SECRET, {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name, namespace: ns, labels: { part: 'yes' } },
        });
    });
    afterAll(() => subject.stop());

    const ask = (query: Record<string, string>, plural = 'secrets'): Promise<WireAnswer> =>
      exchange(subject, 'GET', `/api/v1/namespaces/${ns}/${plural}?${new URLSearchParams(query)}`);
    const page = async (query: Record<string, string>): Promise<Page> => {
      const { status, body } = await ask(query);
      expect(status).toBe(200);
      // True: a list is answered to a list.
      return body as unknown as Page;
    };
    const names = ({ items }: Page): string[] => items.map(({ metadata }) => metadata.name);
    /** A token as servers make them, of a version long ago. */
    const oldToken = Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: 1, start: 'b\0' })).toString(
      'base64url',
    );

    it('tell how many are left, unless something selects', async () => {
      const all = await page({ limit: '2' });
      const selected = await page({ limit: '2', labelSelector: 'part=yes' });

      expect(names(all)).toEqual(['a', 'b']);
      expect(all.metadata.remainingItemCount).toBe(1);
      expect(names(selected)).toEqual(['a', 'b']);
      expect(selected.metadata).not.toHaveProperty('remainingItemCount');
      expect(selected.metadata.continue).toBeDefined();
    });

    it('end without a token', async () => {
      const whole = await page({ limit: '3' });

      expect(whole.metadata.continue ?? '').toBe('');
      expect(whole.metadata).not.toHaveProperty('remainingItemCount');
    });

    it('go on where they were, in the state of the first page', async () => {
      const first = await page({ limit: '1' });
      await client.delete(SECRET, { namespace: ns, name: 'b' });
      const token = first.metadata.continue ?? '';

      const rest = await page({ limit: '5', continue: token });

      expect(names(rest)).toEqual(['b', 'c']);
      await client.create(SECRET, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'b', namespace: ns, labels: { part: 'yes' } },
      });
    });

    it.each([
      ['a token that is none', { continue: 'nonsense', limit: '1' }, 400],
      ['a token together with a version', { continue: oldToken, resourceVersion: '5' }, 400],
      ['a match without a version', { resourceVersionMatch: 'Exact' }, 422],
      ['an exact version 0', { resourceVersionMatch: 'Exact', resourceVersion: '0' }, 422],
      ['a match nobody knows', { resourceVersionMatch: 'Roughly', resourceVersion: '5' }, 422],
      ['a selector that is none', { labelSelector: 'a in b' }, 400],
      ['a field the kind does not select by', { fieldSelector: 'data.x=1' }, 400],
      ['a field selector that is none', { fieldSelector: 'metadata.name' }, 400],
    ])('refuse %s', async (_what, query, status) => {
      expect((await ask(query)).status).toBe(status);
    });

    it('show the state of a version', async () => {
      const created = await client.create(CONFIG_MAP, configMap(ns, 'then', {}));
      const { resourceVersion = '' } = created.metadata;
      await client.delete(CONFIG_MAP, { namespace: ns, name: 'then' });

      const exact = { resourceVersion, resourceVersionMatch: 'Exact', fieldSelector: 'metadata.name=then' };
      const then = await ask(exact, 'configmaps');
      const now = await ask({ ...exact, resourceVersionMatch: 'NotOlderThan' }, 'configmaps');
      const any = await ask({ resourceVersion: '0', fieldSelector: 'metadata.name=a' });

      expect(names(then.body as unknown as Page)).toEqual(['then']);
      expect(then.body).toMatchObject({ metadata: { resourceVersion } });
      expect(names(now.body as unknown as Page)).toEqual([]);
      expect(names(any.body as unknown as Page)).toEqual(['a']);
    });

    it('say that a version was not reached, and to come again', async () => {
      const { resourceVersion } = await client.list(SECRET, { namespace: ns });
      const ahead = String(Number(resourceVersion) + 1_000_000);

      const { status, body } = await ask({ resourceVersion: ahead, resourceVersionMatch: 'NotOlderThan' });

      expect(status).toBe(504);
      expect(body).toMatchObject({
        reason: 'Timeout',
        message: expect.stringContaining('Too large resource version') as string,
        details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 },
      });
    });

    it('select events by their reason', async () => {
      const event = (name: string, reason: string) => ({
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name, namespace: ns },
        eventTime: new Date().toISOString().replace('Z', '000Z'),
        reportingController: 'tenantry.dev/test',
        reportingInstance: 'test-0',
        action: 'Testing',
        reason,
        type: 'Normal' as const,
        regarding: { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', namespace: ns },
      });
      await client.create(EVENT, event('one', 'FailedCreate'));
      await client.create(EVENT, event('two', 'Scheduled'));

      const { items } = await client.list(EVENT, { namespace: ns, fieldSelector: 'reason=FailedCreate' });

      expect(items.map(({ metadata }) => metadata.name)).toEqual(['one']);
    });
  });
}
