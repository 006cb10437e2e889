import { describe, expect, it } from 'vitest';
import { POD } from '../kube/builtin-kinds.ts';
import { KubeError, type KubeErrorCode } from '../kube/kube-error.ts';
import { notOurs } from './not-ours.ts';
import { classify, type Failure } from './outcome.ts';
import { Terminal } from './terminal.ts';

const error = (code: KubeErrorCode): KubeError => new KubeError(code, 'x');

describe('classify', () => {
  const cases: readonly (readonly [string, unknown, number, boolean, Failure])[] = [
    ['a conflict is weather', error('Conflict'), 0, false, 'quiet'],
    ['a lost connection is weather', error('Network'), 3, false, 'quiet'],
    ['a server that is overloaded is weather', error('TooManyRequests'), 0, false, 'quiet'],
    ['weather that lasts is told', error('InternalError'), 10, false, 'explain'],
    [
      'a name taken by somebody else is told at once',
      notOurs(POD, { name: 'p' }, 'l', 'o'),
      0,
      false,
      'explain',
    ],
    ['a missing right is told', error('Forbidden'), 0, false, 'explain'],
    ['an invalid object is told', error('Invalid'), 0, false, 'explain'],
    ['a terminal error is told and not retried', new Terminal('ChartInvalid', 'no'), 9, false, 'terminal'],
    ['a call cancelled because we stop is nothing', error('Cancelled'), 0, true, 'stopped'],
    ['a call refused because leadership is in doubt is weather', error('Cancelled'), 0, false, 'quiet'],
    ['an abort because we stop is nothing', new DOMException('x', 'AbortError'), 0, true, 'stopped'],
    ['an abort out of nowhere is a defect', new DOMException('x', 'AbortError'), 0, false, 'unexpected'],
    ['any other error is a defect', new TypeError('x is not a function'), 0, true, 'unexpected'],
    ['what is no error is a defect', 'text', 0, false, 'unexpected'],
    ['an answer nobody knows is a defect', error('Unknown'), 0, false, 'unexpected'],
  ];
  it.each(cases)('%s', (_name, thrown, failures, stopping, expected) => {
    expect(classify(thrown, failures, stopping)).toBe(expected);
  });
});
