import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeOf, messageOf } from './error-text.ts';

function caught(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('messageOf', () => {
  it.each([
    ['the message of an error', new TypeError('no number'), 'no number'],
    ['a thrown text', 'just so', 'just so'],
    ['nothing', undefined, 'undefined'],
  ])('tells %s', (_name, thrown, message) => {
    expect(messageOf(thrown)).toBe(message);
  });
});

describe('codeOf', () => {
  it('tells the code of a system error', () => {
    expect(codeOf(caught(() => readFileSync('/nowhere/at/all')))).toBe('ENOENT');
  });

  it('does not take the number of a DOMException for a code, nor a map for an error', () => {
    expect(codeOf(new DOMException('aborted', 'AbortError'))).toBeUndefined();
    expect(codeOf({ code: 'ENOENT' })).toBeUndefined();
  });
});
