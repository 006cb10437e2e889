import { describe, expect, it } from 'vitest';
import { podStats } from '../../../test/builders/pod-stats.ts';
import { HISTORY_ROUNDS, UsageBook, type NodeAnswer, type Round } from './usage-book.ts';

const NODES = new Map([['shop1', new Set(['n1', 'n2'])]]);
const round = (node: string, ...pods: NonNullable<Parameters<typeof podStats>[1]>[]): NodeAnswer => ({
  node,
  pods: pods.map((parts) => podStats(parts.name ?? 'a', parts)),
});
const of = (...nodes: NodeAnswer[]): Round => ({ nodes, applications: new Map() });

describe('UsageBook', () => {
  it('adds up what pods used since it looks, over restarts and over pods that have gone', () => {
    const book = new UsageBook();
    const cpu = (seconds: number, name = 'a'): NodeAnswer => round('n1', { name, cpuSeconds: seconds });

    book.learn(0, of(cpu(100)), NODES);
    expect(book.of('shop1')?.totals.cpuSeconds).toBe(0);
    book.learn(1, of(cpu(130)), NODES);
    book.learn(2, of(cpu(7)), NODES);
    book.learn(3, of(cpu(5, 'b')), NODES);

    expect(book.of('shop1')?.totals.cpuSeconds).toBe(30 + 7 + 5);
    expect(book.of('shop1')?.history.map(({ cpuSeconds }) => cpuSeconds)).toEqual([0, 30, 37, 42]);
  });

  it('counts nothing twice when a node is silent for some rounds', () => {
    const book = new UsageBook();
    const silent: NodeAnswer = { node: 'n2', failure: 'no route to host' };

    book.learn(0, of(round('n2', { cpuSeconds: 1000 })), NODES);
    book.learn(1, of(round('n1'), silent), NODES);
    book.learn(2, of(round('n1'), silent), NODES);
    expect(book.of('shop1')?.gaps).toEqual(['Node n2 did not tell what its pods use: no route to host']);
    book.learn(3, of(round('n2', { cpuSeconds: 1003 })), NODES);

    expect(book.of('shop1')).toMatchObject({ totals: { cpuSeconds: 3 }, gaps: [] });
  });

  it('keeps so many rounds and only namespaces of instances', () => {
    const book = new UsageBook();
    for (let at = 0; at <= HISTORY_ROUNDS; at += 1)
      book.learn(at, of(round('n1', {}, { namespace: 'kube-system', name: 'b' })), NODES);

    expect(book.of('shop1')?.history.map(({ at }) => at)).toEqual(
      Array.from({ length: HISTORY_ROUNDS }, (_, index) => index + 1),
    );
    expect(book.of('kube-system')).toBeUndefined();
    book.learn(99, of(), new Map());
    expect(book.of('shop1')).toBeUndefined();
  });
});
