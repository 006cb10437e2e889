import { describe, expect, it } from 'vitest';
import { parseChartUrl } from './chart-url.ts';
import { proxyFor } from './proxy-rules.ts';

describe('parseChartUrl', () => {
  it('reads addresses and names of uploads', () => {
    expect(parseChartUrl('file:///hello-1.0.tgz')).toEqual({ from: 'upload', name: 'hello-1.0.tgz' });
    expect(parseChartUrl('https://x.test/a.tgz?raw=true&b=1')).toMatchObject({ from: 'web' });
    expect(parseChartUrl('oci://r.test:5000/charts/my-shop:1.2.3_a')).toEqual({
      from: 'oci',
      reference: { host: 'r.test:5000', repository: 'charts/my-shop', tag: '1.2.3_a', digest: undefined },
    });
    const digest = 'a'.repeat(64);
    expect(parseChartUrl(`oci://[fd00::1]:5000/a@sha256:${digest}`)).toMatchObject({
      reference: { host: '[fd00::1]:5000', tag: undefined, digest },
    });
  });

  it.each([
    ['file:///../etc/passwd', 'uploaded chart'],
    ['file:///a/b.tgz', 'uploaded chart'],
    ['file://host/a.tgz', 'uploaded chart'],
    ['file:///--help.tgz', 'uploaded chart'],
    ['oci://r.test', 'chart in a registry'],
    ['oci://r.test/Chart:1', 'chart in a registry'],
    ['oci://r.test/../chart:1', 'chart in a registry'],
    ['oci://r.test/a/./b:1', 'chart in a registry'],
    ['oci://r.test/a//b:1', 'chart in a registry'],
    ['oci://r.test/a:1?x=1', 'chart in a registry'],
    ['oci://r.test/a@sha256:12', 'chart in a registry'],
    ['oci://u:p@r.test/a:1', 'Secret'],
    ['ftp://x.test/a.tgz', 'ftp:// is not supported'],
    ['https://u:p@x.test/a.tgz', 'Secret'],
    ['no url', 'not a URL'],
    ['', 'not a URL'],
  ])('refuses %j and says why', (text, why) => {
    expect(() => parseChartUrl(text)).toThrow(why);
  });
});

describe('proxyFor', () => {
  const proxy = { https: 'http://p:1', http: 'http://p:2', none: 'localhost, .internal,x.test:8443' };

  it.each([
    ['https://charts.test/a', 'http://p:1'],
    ['http://charts.test/a', 'http://p:2'],
    ['https://a.internal/a', undefined],
    ['https://localhost/a', undefined],
    ['https://x.test:8443/a', undefined],
    ['https://x.test/a', 'http://p:1'],
  ])('%s goes by %s', (url, expected) => {
    expect(proxyFor(new URL(url), proxy)).toBe(expected);
  });

  it('connects directly where * or nothing is set', () => {
    expect(proxyFor(new URL('https://a.test'), { ...proxy, none: '*' })).toBeUndefined();
    expect(proxyFor(new URL('https://a.test'), {})).toBeUndefined();
  });
});
