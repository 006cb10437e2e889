import { describe, expect, it } from 'vitest';
import { readSamples } from './read-samples.ts';

describe('readSamples', () => {
  it('adds the series of a metric up, whatever their labels hold', () => {
    const text = [
      '# HELP hello_requests_total Greetings sent',
      '# TYPE hello_requests_total counter',
      'hello_requests_total{path="/a}b 9",code="200"} 3 1700000000000',
      'hello_requests_total{path="c\\"}"} 4.5e1',
      'hello_requests_total_created 99',
      'bye_requests_total 1',
    ].join('\n');

    expect(readSamples(text, ['hello_requests_total'])).toEqual([
      { name: 'hello_requests_total', help: 'Greetings sent', value: 48 },
    ]);
  });

  it.each([['m NaN'], ['m +Inf'], ['m'], ['m{'], ['m 0x10'], ['<html>m 5'], ['']])(
    'takes nothing that is no finite number: %s',
    (text) => {
      expect(readSamples(text, ['m'])).toEqual([]);
    },
  );

  it('lets nobody write to the terminal of who asks', () => {
    const [metric] = readSamples(`# HELP m a\u001b[2J\u0007b ${'x'.repeat(500)}\nm 1\n`, ['m']);

    expect(metric?.help).toMatch(/^a \[2J b x+$/);
    expect(metric?.help.length).toBeLessThanOrEqual(120);
  });

  it('is through a megabyte of anything soon', () => {
    const begin = performance.now();

    readSamples(`m${'{'.repeat(1 << 20)}`, ['m']);
    readSamples(`m${' '.repeat(1 << 20)}x`, ['m']);

    expect(performance.now() - begin).toBeLessThan(2000);
  });
});
