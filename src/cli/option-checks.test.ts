import { describe, expect, it } from 'vitest';
import { WrongOption } from '../lib/wrong-option.ts';
import { checkNamespace, checkRelease, portNumber, secondsOf, splitImage } from './option-checks.ts';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** What a check makes of a word: the result, or that the word was refused with the option's name. */
function verdict(check: (text: string) => unknown, text: string): unknown {
  try {
    return check(text);
  } catch (error) {
    if (error instanceof WrongOption) return error.message.split(' ', 1)[0];
    return error instanceof Error ? error.name : 'not an error';
  }
}

describe('what is checked before anything is done', () => {
  it.each(['', 'A', 'a b', '-a', 'a-', '../a', 'ü', 'a.b', 'a'.repeat(64)])(
    'refuses the namespace %j',
    (text) => {
      expect(verdict(checkNamespace, text)).toBe('--namespace');
    },
  );

  it.each(['', 'A', 'a b', '-a', 'a.', '.a', 'a..b', 'a'.repeat(54)])('refuses the release %j', (text) => {
    expect(verdict(checkRelease, text)).toBe('--name');
  });

  it('takes good names', () => {
    expect(checkNamespace('tenantry-system')).toBe('tenantry-system');
    expect(checkNamespace('a'.repeat(63))).toHaveLength(63);
    expect(checkRelease('tenantry.blue')).toBe('tenantry.blue');
  });

  it.each<[string, { repository: string; tag: string }]>([
    ['tenantry:0.1.0', { repository: 'tenantry', tag: '0.1.0' }],
    ['localhost:5000/a/b_c:x', { repository: 'localhost:5000/a/b_c', tag: 'x' }],
    ['Registry.example/a:1', { repository: 'Registry.example/a', tag: '1' }],
    [`a/b@${DIGEST}`, { repository: 'a/b@sha256', tag: DIGEST.slice(7) }],
    [`a:1@${DIGEST}`, { repository: 'a:1@sha256', tag: DIGEST.slice(7) }],
  ])('splits the image %j', (text, parts) => {
    expect(splitImage(text)).toEqual(parts);
  });

  it.each([
    '',
    ':',
    'a',
    'a:',
    ':1',
    'UPPER:x',
    'a b:c',
    '-x:1',
    'a//:1',
    'h:5/a',
    'a@sha256:zz',
    `a@${DIGEST}@${DIGEST}`,
  ])('refuses the image %j', (text) => {
    expect(verdict(splitImage, text)).toBe('--image');
  });

  it.each(['', '0', '-1', '1.5', '1e3', '0x9', ' 1', 'abc', '99999999999'])('refuses %j seconds', (text) => {
    expect(verdict(secondsOf, text)).toBe('--timeout');
  });

  it.each(['', '0', '-1', '1e3', '65536', '80.5', 'abc'])('refuses the port %j', (text) => {
    expect(verdict(portNumber, text)).toBe('InvalidArgumentError');
  });

  it('takes good numbers', () => {
    expect([secondsOf('120'), portNumber('6443')]).toEqual([120, 6443]);
  });
});
