import { describe, expect, it } from 'vitest';
import { parseAppEndpoint } from './app-endpoint.ts';

const METRICS = ['hello_requests_total'];

describe('resmonitor.spec.appEndpoints', () => {
  it.each([
    ['metrics', undefined, '/metrics'],
    ['/metrics', undefined, '/metrics'],
    [':8080/metrics', 8080, '/metrics'],
    [':8080', 8080, '/'],
    [':8080/a/b.txt', 8080, '/a/b.txt'],
  ])('names a place in the pods: %s', (endpoint, port, path) => {
    expect(parseAppEndpoint({ label: 'app=hello', endpoint, metrics: METRICS })).toMatchObject({
      endpoint: { port, path, metrics: METRICS, selector: [{ key: 'app' }] },
    });
  });

  it.each([
    ['label', { label: 'a=b=c' }],
    ['endpoint', { endpoint: 'http://169.254.169.254/' }],
    ['endpoint', { endpoint: ':0/metrics' }],
    ['endpoint', { endpoint: ':99999/metrics' }],
    ['endpoint', { endpoint: '/metrics?x=1' }],
    ['endpoint', { endpoint: '@evil.example/' }],
    ['endpoint', { endpoint: '' }],
    ['metrics', { metrics: [] }],
    ['metrics', { metrics: ['a b'] }],
    ['metrics', { metrics: Array.from({ length: 21 }, (_, index) => `m${index}`) }],
  ])('is refused with the field that is wrong: %s %j', (field, change) => {
    const parsed = parseAppEndpoint({ label: 'app=hello', endpoint: 'metrics', metrics: METRICS, ...change });

    expect(parsed).toMatchObject({ problems: [[field, expect.any(String)]] });
  });

  it.each([[undefined], [{}], [{ label: '', endpoint: '', metrics: [] }], [{ label: 'app=hello' }]])(
    'asks for nothing where it is empty: %j',
    (asked) => {
      expect(parseAppEndpoint(asked)).toBeUndefined();
    },
  );
});
