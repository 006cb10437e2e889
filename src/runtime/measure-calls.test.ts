import { describe, expect, it } from 'vitest';
import type { ApiRequest } from '../client/api-request.ts';
import { KubeError } from '../kube/kube-error.ts';
import { FakeClock } from '../lib/fake-clock.ts';
import { measureCalls, resourceOf } from './measure-calls.ts';

const request = (method: ApiRequest['method'], more: Partial<ApiRequest> = {}): ApiRequest => ({
  method,
  path: '/x',
  headers: {},
  what: 'x',
  repeatable: true,
  maxBytes: 1,
  ...more,
});

describe('measureCalls', () => {
  it.each([
    ['get', request('GET')],
    ['watch', request('GET', { watch: true })],
    ['create', request('POST')],
    ['ask', request('POST', { path: '/api/v1/namespaces/a/serviceaccounts/b/token' })],
    ['ask', request('POST', { path: '/apis/authorization.k8s.io/v1/subjectaccessreviews?dryRun=All' })],
    ['create', request('POST', { path: '/api/v1/namespaces/token/secrets' })],
    ['update', request('PUT')],
    ['delete', request('DELETE')],
    ['patch', request('PATCH', { headers: { 'content-type': 'application/merge-patch+json' } })],
    ['apply', request('PATCH', { headers: { 'content-type': 'application/apply-patch+yaml' } })],
  ])('calls it %s', async (verb, asked) => {
    const called: unknown[] = [];
    const clock = new FakeClock();
    const intercept = measureCalls({ called: (...values) => called.push(values), wrote: () => {} }, clock);
    const answer = intercept(asked, async () => {
      await clock.advance(250);
      return { status: 201, headers: {}, text: '' };
    });

    expect((await answer).status).toBe(201);
    expect(called).toEqual([[verb, '201', 0.25]]);
  });

  it('counts what got no answer by its code, and passes it on', async () => {
    const called: unknown[] = [];
    const metrics = { called: (...values: unknown[]) => called.push(values), wrote: () => {} };
    const intercept = measureCalls(metrics, new FakeClock());

    await expect(
      intercept(request('GET'), () => Promise.reject(new KubeError('Network', 'reset'))),
    ).rejects.toThrow('reset');
    expect(called).toEqual([['get', 'Network', 0]]);
  });

  it('counts what was written, not what was read, asked or refused', async () => {
    const wrote: unknown[] = [];
    const metrics = { called: () => {}, wrote: (...values: unknown[]) => wrote.push(values) };
    const intercept = measureCalls(metrics, new FakeClock());
    const path = '/apis/apps/v1/namespaces/a/deployments/b';
    const send = (asked: ApiRequest, status: number): Promise<unknown> =>
      intercept(asked, () => Promise.resolve({ status, headers: {}, text: '' }));

    await send(request('DELETE', { path }), 200);
    await send(request('DELETE', { path }), 404);
    await send(request('GET', { path }), 200);
    await send(request('POST', { path: '/api/v1/namespaces/a/serviceaccounts/b/token' }), 201);

    expect(wrote).toEqual([['delete', 'deployments.apps']]);
  });
});

describe('resourceOf', () => {
  it.each([
    ['/api/v1/namespaces', 'namespaces'],
    ['/api/v1/namespaces/a', 'namespaces'],
    ['/api/v1/namespaces/a/finalize', 'namespaces/finalize'],
    ['/api/v1/namespaces/a/secrets?fieldManager=b', 'secrets'],
    ['/api/v1/namespaces/a/secrets/b?fieldManager=c', 'secrets'],
    ['/apis/apps/v1/namespaces/a/deployments/b/status?c=d', 'deployments.apps/status'],
    ['/apis/rbac.authorization.k8s.io/v1/clusterroles/a', 'clusterroles.rbac.authorization.k8s.io'],
    ['/apis/a.example/v1/bs/c/status', 'bs.a.example/status'],
  ])('reads %s', (path, resource) => {
    expect(resourceOf(path)).toBe(resource);
  });
});
