import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, WatchEvent } from '../../../src/client/client.ts';
import { CONFIG_MAP, SECRET, type ConfigMap } from '../../../src/kube/builtin-kinds.ts';
import { codeOf, configMap, eventually, exchange, type Subject, type SubjectFactory } from './subject.ts';

/** Events of a watch until `enough` of them came. */
async function collect(
  client: Client,
  request: Parameters<Client['watch']>[1],
  enough: (events: readonly WatchEvent<ConfigMap>[]) => boolean,
): Promise<WatchEvent<ConfigMap>[]> {
  const events: WatchEvent<ConfigMap>[] = [];
  for await (const event of client.watch(CONFIG_MAP, request)) {
    events.push(event);
    if (enough(events)) break;
  }
  return events;
}

const summary = (events: readonly WatchEvent<ConfigMap>[]): string[] =>
  events
    .filter((event) => event.type !== 'bookmark' && event.object.metadata.name !== 'kube-root-ca.crt')
    .map((event) => (event.type === 'bookmark' ? '' : `${event.type} ${event.object.metadata.name}`));

/** Watches: from a version, from nothing, as a streaming list, and with selectors. */
export function watchConformance(factory: SubjectFactory): void {
  describe('watches', () => {
    let subject: Subject;
    let client: Client;
    let ns: string;
    beforeAll(async () => {
      subject = await factory();
      ({ client, namespace: ns } = subject);
    });
    afterAll(() => subject.stop());

    it('tell every change after a version, in order', async () => {
      const { resourceVersion } = await client.list(CONFIG_MAP, { namespace: ns });
      await client.create(CONFIG_MAP, configMap(ns, 'w1', { n: '1' }));
      await client.patch(
        CONFIG_MAP,
        { namespace: ns, name: 'w1' },
        { type: 'merge', body: { data: { n: '2' } } },
      );
      await client.delete(CONFIG_MAP, { namespace: ns, name: 'w1' });

      const events = await collect(
        client,
        { namespace: ns, resourceVersion },
        (all) => summary(all).length >= 3,
      );

      expect(summary(events)).toEqual(['added w1', 'modified w1', 'deleted w1']);
      expect(events[1]).toMatchObject({ object: { apiVersion: 'v1', kind: 'ConfigMap', data: { n: '2' } } });
    });

    it('stream the state first and mark its end', async () => {
      await client.create(CONFIG_MAP, configMap(ns, 'streamed', {}));

      const events = await collect(
        client,
        { namespace: ns, sendInitialEvents: true },
        (all) => all.at(-1)?.type === 'bookmark',
      );

      expect(summary(events)).toContain('added streamed');
      expect(events.at(-1)).toMatchObject({
        type: 'bookmark',
        initialEventsEnd: true,
        resourceVersion: expect.stringMatching(/^\d+$/) as string,
      });
    });

    it('end when the server’s time is over', async () => {
      const { resourceVersion } = await client.list(CONFIG_MAP, { namespace: ns });

      const events = await collect(
        client,
        { namespace: ns, resourceVersion, timeoutSeconds: 1 },
        () => false,
      );

      expect(summary(events)).toEqual([]);
    });

    it('end quietly when the signal aborts', async () => {
      const stop = new AbortController();
      const request = { namespace: ns, sendInitialEvents: true, signal: stop.signal };

      const watched = collect(client, request, (all) => {
        if (all.at(-1)?.type === 'bookmark') stop.abort();
        return false;
      });

      await expect(watched).resolves.toBeDefined();
    });

    it('see an object leave and enter a selector', async () => {
      const labelled = (tier: string): ConfigMap => {
        const plain = configMap(ns, 'moving', {});
        return { ...plain, metadata: { ...plain.metadata, labels: { tier } } };
      };
      const ref = { namespace: ns, name: 'moving' };
      const { metadata } = await client.create(CONFIG_MAP, labelled('in'));
      const move = (tier: string): Promise<unknown> =>
        client.patch(CONFIG_MAP, ref, { type: 'merge', body: { metadata: { labels: { tier } } } });
      await move('out');
      await move('in');

      const request = { namespace: ns, labelSelector: 'tier=in', resourceVersion: metadata.resourceVersion };
      const events = await collect(client, request, (all) => summary(all).length >= 2);

      expect(summary(events)).toEqual(['deleted moving', 'added moving']);
    });

    it('show an object that leaves a selector in its last state that fitted, with the version of the change', async () => {
      const plain = configMap(ns, 'leaving', {});
      const first = await client.create(CONFIG_MAP, {
        ...plain,
        metadata: { ...plain.metadata, labels: { team: 'a' } },
      });
      const moved = await client.patch(
        CONFIG_MAP,
        { namespace: ns, name: 'leaving' },
        { type: 'merge', body: { metadata: { labels: { team: 'b' } } } },
      );

      const { resourceVersion } = first.metadata;
      const request = { namespace: ns, labelSelector: 'team=a', resourceVersion };
      const [event] = await collect(client, request, (all) => summary(all).length > 0);

      expect(event).toMatchObject({
        type: 'deleted',
        object: { metadata: { labels: { team: 'a' }, resourceVersion: moved.metadata.resourceVersion } },
      });
    });

    it('give a deleted object a version newer than its last state', async () => {
      const created = await client.create(CONFIG_MAP, configMap(ns, 'going', {}));
      await client.delete(CONFIG_MAP, { namespace: ns, name: 'going' });

      const { resourceVersion } = created.metadata;
      const [event] = await collect(
        client,
        { namespace: ns, resourceVersion },
        (all) => summary(all).length > 0,
      );

      expect(event).toMatchObject({ type: 'deleted', object: { metadata: { name: 'going' } } });
      const version = event !== undefined && 'object' in event ? event.object.metadata.resourceVersion : '';
      expect(Number(version)).toBeGreaterThan(Number(resourceVersion));
    });

    it('tell of one object alone where a field selects it', async () => {
      const { resourceVersion } = await client.list(CONFIG_MAP, { namespace: ns });
      await client.create(CONFIG_MAP, configMap(ns, 'other', {}));
      await client.create(CONFIG_MAP, configMap(ns, 'chosen', {}));

      const request = { namespace: ns, resourceVersion, fieldSelector: 'metadata.name=chosen' };
      const events = await collect(client, request, (all) => summary(all).length > 0);

      expect(summary(events)).toEqual(['added chosen']);
    });

    it('stream only what is selected', async () => {
      const plain = configMap(ns, 'in-stream', {});
      await client.create(CONFIG_MAP, { ...plain, metadata: { ...plain.metadata, labels: { part: 'yes' } } });

      const request = { namespace: ns, sendInitialEvents: true, labelSelector: 'part=yes' };
      const events = await collect(client, request, (all) => all.at(-1)?.type === 'bookmark');

      expect(summary(events)).toEqual(['added in-stream']);
    });

    it('send a bookmark before the server ends them, newer than what they began from', async () => {
      const { resourceVersion } = await client.list(CONFIG_MAP, { namespace: ns });
      // Not of this watch: only a bookmark can tell that the server went on.
      await client.create(SECRET, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'on', namespace: ns },
      });

      const request = { namespace: ns, resourceVersion, timeoutSeconds: 3 };
      // A busy server may leave it out; the next watch gets one.
      const bookmark = await eventually(async () => {
        const events = await collect(client, request, () => false);
        return events.flatMap((event) => (event.type === 'bookmark' ? [event.resourceVersion] : [])).at(-1);
      });

      expect(Number(bookmark)).toBeGreaterThan(Number(resourceVersion));
    }, 40_000);

    it('tell nothing from a version the server has not reached', async () => {
      const { resourceVersion } = await client.list(CONFIG_MAP, { namespace: ns });
      const ahead = String(Number(resourceVersion) + 1_000_000);
      const request = { namespace: ns, resourceVersion: ahead, timeoutSeconds: 1 };

      const watched = collect(client, request, () => false);
      await client.create(CONFIG_MAP, configMap(ns, 'early', {}));

      expect(summary(await watched)).toEqual([]);
    });

    it('refuse to stream a state without saying how old it may be', async () => {
      const query = 'watch=true&sendInitialEvents=true&allowWatchBookmarks=true';

      const { status, body } = await exchange(subject, 'GET', `/api/v1/namespaces/${ns}/configmaps?${query}`);

      expect(status).toBe(422);
      expect(body).toMatchObject({ details: { causes: [{ field: 'resourceVersionMatch' }] } });
    });

    it('are NotFound where the kind is', async () => {
      const kind = { group: 'no.example.org', version: 'v1', kind: 'No', plural: 'noes', namespaced: true };
      const watched = async (): Promise<void> => {
        for await (const _event of client.watch(kind, { namespace: ns })) return;
      };

      expect(await codeOf(watched())).toBe('NotFound');
    });
  });
}
