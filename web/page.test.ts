import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { Refused } from './api.ts';
import { hashOf, placeIn } from './place.ts';
import { safeLink } from './safe-link.ts';
import { stateOf } from './state-of.ts';
import { Trouble } from './trouble.tsx';
import { bytes } from './usage-view.tsx';

describe('the page', () => {
  it('shows what others wrote as text, markup and all', () => {
    const of = new Refused({ message: '<img src=x onerror=alert(1)>', code: 'x', causes: [] });

    expect(renderToStaticMarkup(createElement(Trouble, { of }))).toContain(
      '&lt;img src=x onerror=alert(1)&gt;',
    );
  });

  it('has no script and no style that its policy would have to allow, and asks nobody else', () => {
    const html = readFileSync(join(import.meta.dirname, 'index.html'), 'utf8');

    expect(html).not.toMatch(/<script(?![^>]*\bsrc="\.\/)|<style|\sstyle=|\son\w+=|https?:/);
  });
});

describe('an address that an instance tells', () => {
  it.each(['http://a.example/', 'https://10.0.0.1:8443/x'])('leads on: %s', (url) => {
    expect(safeLink(url)).toBe(url);
  });

  it.each(['javascript:alert(1)', ' JavaScript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'a', ''])(
    'leads nowhere: %s',
    (url) => {
      expect(safeLink(url)).toBeUndefined();
    },
  );
});

it.each([
  { page: 'home' },
  { page: 'list', service: { group: 'g.example', plural: 'shops' } },
  { page: 'new', service: { group: 'g.example', plural: 'shops' } },
  { page: 'instance', service: { group: 'g.example', plural: 'shops' }, namespace: 'a', name: 'b' },
  { page: 'change', service: { group: 'g.example', plural: 'shops' }, namespace: 'a', name: 'b' },
] as const)('a place is found again by its address: %j', (place) => {
  expect(placeIn(hashOf(place))).toEqual(place);
});

it.each([
  [{ deleting: true, stalled: false, ready: undefined }, 'Deleting', 'busy'],
  [{ deleting: false, stalled: false, ready: undefined }, 'Starting', 'busy'],
  [
    { deleting: false, stalled: false, ready: { status: 'True', reason: 'Ready', message: '' } },
    'Ready',
    'good',
  ],
  [
    { deleting: false, stalled: false, ready: { status: 'False', reason: 'Waiting', message: '' } },
    'Waiting',
    'busy',
  ],
  [
    { deleting: false, stalled: true, ready: { status: 'False', reason: 'QuotaExceeded', message: '' } },
    'Quota exceeded',
    'bad',
  ],
] as const)('%j is %s', (standing, word, tone) => {
  expect(stateOf(standing)).toEqual({ word, tone });
});

it.each([
  [0, '0 B'],
  [1536, '1.5 KiB'],
  [300 * 1024 ** 2, '300 MiB'],
  [undefined, undefined],
])('%j bytes are %j', (count, text) => {
  expect(bytes(count)).toBe(text);
});
