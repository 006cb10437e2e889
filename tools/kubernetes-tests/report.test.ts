import { describe, expect, it } from 'vitest';
import { failures, readReport, summarize } from './report.ts';

const spec = (text: string, state: string, message?: string, attempts = 1): unknown => ({
  ContainerHierarchyTexts: ['[sig-a] Pods'],
  LeafNodeType: 'It',
  LeafNodeText: text,
  State: state,
  RunTime: 2_400_000_000,
  NumAttempts: attempts,
  ...(message === undefined ? {} : { Failure: { Message: message } }),
});
const text = JSON.stringify([
  {
    SpecReports: [
      {
        LeafNodeType: 'BeforeSuite',
        ContainerHierarchyTexts: null,
        LeafNodeText: '',
        State: 'passed',
        RunTime: 1,
        NumAttempts: 0,
      },
      spec('work', 'passed', undefined, 2),
      spec('last', 'timedout', 'too long'),
      spec('move', 'skipped'),
      spec('fly', 'skipped', 'needs wings'),
    ],
  },
]);

describe('a report of ginkgo', () => {
  const outcomes = readReport(text);

  it('names each test whole, and no set-up', () =>
    expect(outcomes.map(({ name, seconds }) => [name, seconds])).toEqual([
      ['[sig-a] Pods work', 2],
      ['[sig-a] Pods last', 2],
      ['[sig-a] Pods move', 2],
      ['[sig-a] Pods fly', 2],
    ]));

  it('counts as failed whatever ran and did not pass', () =>
    expect(failures(outcomes).map(({ name }) => name)).toEqual(['[sig-a] Pods last']));

  it('says why each of the others did not run', () =>
    expect(summarize(outcomes, [{ test: '[sig-a] Pods move', reason: 'one node' }])).toEqual({
      all: 4,
      passed: 1,
      flaky: ['[sig-a] Pods work'],
      failed: [{ name: '[sig-a] Pods last', message: 'too long' }],
      skipped: { 'one node': 1, 'the test says: needs wings': 1 },
    }));

  it('refuses what is no report', () => expect(() => readReport('{}')).toThrow());
});
