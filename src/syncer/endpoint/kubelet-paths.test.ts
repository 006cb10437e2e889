import { describe, expect, it } from 'vitest';
import { readKubeletUrl } from './kubelet-paths.ts';

const read = (url: string): string | undefined => {
  const found = readKubeletUrl(url);
  return found && `${found.verb} ${found.namespace}/${found.pod}/${found.container ?? '-'}?${found.query}`;
};

describe('readKubeletUrl', () => {
  it.each([
    [
      '/containerLogs/shop/web/main?follow=true&tailLines=5',
      'log shop/web/main?follow=true&tailLines=5&container=main',
    ],
    [
      '/exec/shop/web/main?command=sh&command=-c&input=1&output=1&error=0&tty=1',
      'exec shop/web/main?command=sh&command=-c&stdin=true&stdout=true&stderr=false&tty=true&container=main',
    ],
    ['/attach/shop/web/uid-1/main?output=1', 'attach shop/web/main?stdout=true&container=main'],
    ['/portForward/shop/web?port=80', 'portforward shop/web/-?ports=80'],
    ['/portForward/shop/web/uid-1', 'portforward shop/web/-?'],
  ])('reads %s', (url, expected) => {
    expect(read(url)).toBe(expected);
  });

  it.each([
    '/',
    '/run/shop/web/main',
    '/pods',
    '/metrics',
    '/containerLogs/shop/web',
    '/containerLogs/shop/web/main/more',
    '/exec/shop/web',
    '/exec/shop/..%2f..%2fkube-system/web/main',
    '/exec/shop/%2e%2e/main',
    '/exec/shop/web/%zz',
  ])('answers nothing to %s', (url) => {
    expect(read(url)).toBeUndefined();
  });

  it('passes on no option that it does not know', () => {
    expect(read('/containerLogs/shop/web/main?insecureSkipTLSVerifyBackend=true&container=other')).toBe(
      'log shop/web/main?container=main',
    );
  });
});
