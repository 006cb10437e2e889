import { describe, expect, it } from 'vitest';
import { podStats } from '../../../test/builders/pod-stats.ts';
import { instanceNamespace, instancePod, usageStores } from '../../../test/builders/usage-world.ts';
import { FakeClock } from '../../lib/fake-clock.ts';
import { silentLog } from '../../runtime/log.ts';
import { ROUND_MS, usageSampler } from './sample-usage.ts';
import { UsageBook } from './usage-book.ts';

/** A sampler over one instance with pods on n1 and n2, of which n2 is down; each answer takes `answerMs`. */
function begin(answerMs = 0) {
  const clock = new FakeClock();
  const book = new UsageBook();
  const asked: string[] = [];
  const at = (podIP: string) => ({ status: { phase: 'Running', podIP } });
  const pods = [
    { ...instancePod('a', 'shop1'), ...at('10.0.0.1') },
    { ...instancePod('b', 'shop1', 'n2'), ...at('10.0.0.2') },
    instancePod('c', 'shop1'),
  ];
  const ended = { ...instancePod('d', 'shop1', 'n3'), status: { phase: 'Succeeded' } };
  const task = usageSampler({
    clock,
    book,
    log: silentLog,
    endpointOf: () => ({ selector: [], port: 8080, path: '/metrics', metrics: ['orders'] }),
    readPod: async (url) => {
      if (url.includes('10.0.0.2')) throw new Error('connection refused');
      return '# HELP orders Orders taken\norders{shop="}"} 3\norders 4\n';
    },
    stores: usageStores([instanceNamespace('shop1')], [...pods, ended]),
    askNode: async (node, signal) => {
      asked.push(node);
      if (answerMs > 0) await clock.sleep(answerMs, signal);
      if (node === 'n2') throw new Error('no route to host');
      return [podStats('a', { cpuMillicores: 5 }), podStats('x', { namespace: 'kube-system' })];
    },
  });
  const abort = new AbortController();
  const ending = task.run(abort.signal).catch(() => undefined);
  return { clock, book, asked, end: () => (abort.abort(), ending) };
}

describe('the sampler', () => {
  it('asks each node with a live pod once a round, and has the others’ figures where one fails', async () => {
    const { clock, book, asked, end } = begin();

    await clock.advance(1);
    expect(asked).toEqual(['n1', 'n2']);
    expect(book.of('shop1')).toMatchObject({
      pods: [{ name: 'a', cpuMillicores: 5 }],
      gaps: [
        'Node n2 did not tell what its pods use: no route to host',
        'Pod b did not tell its metrics at http://10.0.0.2:8080/metrics: connection refused',
      ],
      application: [{ name: 'orders', help: 'Orders taken', value: 7 }],
    });
    await clock.advance(ROUND_MS - 2);
    expect(asked).toHaveLength(2);
    await clock.advance(2);
    expect(asked).toHaveLength(4);
    await end();
  });

  it('works no more than a quarter of the time, however slow kubelets are', async () => {
    const { clock, asked, end } = begin(20_000);

    // Both nodes at once: a round of 20 s, and the next one 80 s after it began.
    await clock.advance(79_000);
    expect(asked).toHaveLength(2);
    await clock.advance(2000);
    expect(asked).toHaveLength(4);
    await end();
  });

  it('knows nothing any more when it no longer leads', async () => {
    const { clock, book, end } = begin();
    await clock.advance(1);

    await end();

    expect(book.of('shop1')).toBeUndefined();
  });
});
