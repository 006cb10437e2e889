import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, WatchEvent } from '../../../src/client/client.ts';
import { CONFIG_MAP, type ConfigMap } from '../../../src/kube/builtin-kinds.ts';
import { configMap, type Subject, type SubjectFactory } from './subject.ts';

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
  });
}
