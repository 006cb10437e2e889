import { describe, expect, it } from 'vitest';
import { pageTitle, plainQuotes } from './page-title.ts';

describe('pageTitle', () => {
  it.each([
    ['<html><head><title>A site</title></head>', 'A site'],
    ['<TITLE lang="en">\n  A &amp; B \n</TITLE>', 'A & B'],
    ['<title>The first tenant&#8217;s site</title>', 'The first tenant’s site'],
    ['<title>&#x41;&unknown;</title>', 'A&unknown;'],
    ['<p>nothing</p>', ''],
  ])('of %s is %s', (html, title) => {
    expect(pageTitle(html)).toBe(title);
  });
});

describe('plainQuotes', () => {
  it('undoes typographic quotes', () => {
    expect(plainQuotes('the ‘first’ “tenant’s” – site')).toBe(`the 'first' "tenant's" - site`);
  });
});
