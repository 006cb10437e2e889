import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allTexts, hiding, secretTexts } from './hide-values.ts';

const PLANTED = 'pl4nted"5ecret';

describe('hiding', () => {
  it.each([
    ['as it is', `got ${PLANTED}, want a number`],
    ['in quotes', `got ${JSON.stringify(PLANTED)}`],
    ['in base64', `data.password: ${Buffer.from(PLANTED).toString('base64')}`],
  ])('hides a secret %s', (_name, text) => {
    const clean = hiding([PLANTED])(text);

    expect(clean).toContain('[redacted]');
    expect(clean).not.toMatch(/5ecret|NWVjcmV0/);
  });

  it('hides a long secret whole where a short one is a part of it, and one of several lines', () => {
    expect(hiding(['secret', 'secret-more'])('is secret-more')).toBe('is [redacted]');
    expect(hiding(['first line\nsecond line'])('yaml: second line: no')).toBe('yaml: [redacted]: no');
  });

  it('leaves words that are too short to be secrets', () => {
    expect(hiding(['true', ' a ', ''])('true is a word')).toBe('true is a word');
  });

  it('leaves no secret, whatever secret and text', () => {
    const secret = fc
      .string({ minLength: 6, maxLength: 20 })
      .filter((text) => text.trim().length >= 6 && !'[redacted]'.includes(text.trim()));
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (one, before, after) => {
        expect(hiding([one])(`${before}${one}${after}`).includes(one) && !'[redacted]'.includes(one)).toBe(
          false,
        );
      }),
    );
  });
});

it('finds what is secret in values', () => {
  const values = {
    auth: { rootPassword: 'one', user: 'two' },
    list: [{ apiKey: 'three' }],
    secretName: 'four',
  };

  expect(secretTexts(values)).toEqual(['one', 'three']);
  expect(allTexts({ a: ['b', 1, true, null], c: { d: 'e' } })).toEqual(['b', '1', 'e']);
});
