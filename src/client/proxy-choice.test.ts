import { describe, expect, it } from 'vitest';
import { chooseProxy } from './proxy-choice.ts';

const PROXY = 'http://proxy:3128';

describe('chooseProxy', () => {
  it.each<[string, string, Record<string, string>, string | undefined]>([
    ['none without variables', 'https://k8s.example.org', {}, undefined],
    [
      'HTTPS_PROXY for https',
      'https://k8s.example.org',
      { HTTPS_PROXY: PROXY, HTTP_PROXY: 'http://no' },
      PROXY,
    ],
    ['HTTP_PROXY for http', 'http://k8s.example.org', { HTTPS_PROXY: 'http://no', http_proxy: PROXY }, PROXY],
    ['a proxy without a scheme is HTTP', 'https://k8s.example.org', { https_proxy: 'proxy:3128' }, PROXY],
    ['never for localhost', 'https://localhost:6443', { HTTPS_PROXY: PROXY }, undefined],
    ['never for loopback', 'https://127.0.0.1:6443', { HTTPS_PROXY: PROXY }, undefined],
    ['never for IPv6 loopback', 'https://[::1]:6443', { HTTPS_PROXY: PROXY }, undefined],
    ['* excepts all', 'https://k8s.example.org', { HTTPS_PROXY: PROXY, NO_PROXY: '*' }, undefined],
    [
      'a domain excepts itself',
      'https://example.org',
      { HTTPS_PROXY: PROXY, NO_PROXY: 'a.b, example.org' },
      undefined,
    ],
    [
      'a domain excepts its subdomains',
      'https://k8s.Example.org',
      { HTTPS_PROXY: PROXY, NO_PROXY: 'example.ORG' },
      undefined,
    ],
    [
      'a domain does not except what only ends alike',
      'https://badexample.org',
      { HTTPS_PROXY: PROXY, NO_PROXY: 'example.org' },
      PROXY,
    ],
    [
      'a leading dot excepts subdomains',
      'https://k8s.example.org',
      { HTTPS_PROXY: PROXY, NO_PROXY: '.example.org' },
      undefined,
    ],
    [
      'a leading dot does not except the domain',
      'https://example.org',
      { HTTPS_PROXY: PROXY, NO_PROXY: '.example.org' },
      PROXY,
    ],
    ['an address', 'https://10.0.0.1:6443', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.1' }, undefined],
    ['a range', 'https://10.1.2.3:6443', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, undefined],
    ['outside of a range', 'https://11.1.2.3:6443', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, PROXY],
    ['a range of IPv6', 'https://[fd00::5]', { HTTPS_PROXY: PROXY, NO_PROXY: 'fd00::/8' }, undefined],
    [
      'a broken range excepts nothing',
      'https://10.1.2.3',
      { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/99' },
      PROXY,
    ],
    [
      'a port that fits',
      'https://k8s.example.org:6443',
      { HTTPS_PROXY: PROXY, NO_PROXY: 'example.org:6443' },
      undefined,
    ],
    [
      'a port that does not fit',
      'https://k8s.example.org:6443',
      { HTTPS_PROXY: PROXY, NO_PROXY: 'example.org:443' },
      PROXY,
    ],
    [
      'the port of the scheme',
      'https://k8s.example.org',
      { HTTPS_PROXY: PROXY, NO_PROXY: 'example.org:443' },
      undefined,
    ],
  ])('%s', (_name, server, env, proxy) => {
    expect(chooseProxy(server, env)).toBe(proxy);
  });
});
