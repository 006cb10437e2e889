import { describe, expect, it } from 'vitest';
import { routeOf } from './route.ts';

const service = { group: 'platformapi.kubeplus', plural: 'shopservices' };
const SHOPS = '/api/services/platformapi.kubeplus/shopservices';
const ref = { namespace: 'team-a', name: 'shop1' };

describe('routeOf', () => {
  it.each([
    ['GET', '/api/session', { name: 'session' }],
    ['GET', '/api/services?namespace=a', { name: 'services', namespace: 'a' }],
    ['GET', `${SHOPS}?namespace=a`, { name: 'service', service, namespace: 'a' }],
    ['GET', `${SHOPS}/instances`, { name: 'list', service, namespace: undefined }],
    ['GET', `${SHOPS}/instances?namespace=a`, { name: 'list', service, namespace: 'a' }],
    ['POST', `${SHOPS}/instances?namespace=a`, { name: 'create', service, namespace: 'a', dryRun: false }],
    [
      'POST',
      `${SHOPS}/instances?namespace=a&dryRun=true`,
      { name: 'create', service, namespace: 'a', dryRun: true },
    ],
    ['GET', `${SHOPS}/instances/team-a/shop1`, { name: 'read', service, ref }],
    ['PUT', `${SHOPS}/instances/team-a/shop1`, { name: 'change', service, ref, dryRun: false }],
    ['DELETE', `${SHOPS}/instances/team-a/shop1`, { name: 'remove', service, ref }],
    ['GET', `${SHOPS}/instances/team-a/shop1/parts`, { name: 'parts', service, ref }],
    ['GET', `${SHOPS}/instances/team-a/shop1/usage`, { name: 'usage', service, ref }],
    [
      'GET',
      `${SHOPS}/instances/team-a/shop1/log?pod=p&container=c&previous=true`,
      { name: 'log', service, ref, pod: 'p', container: 'c', previous: true },
    ],
  ])('%s %s', (method, url, route) => {
    expect(routeOf(method, url)).toEqual(route);
  });

  it.each([
    // KubePlus's page deleted by GET.
    ['GET', `${SHOPS}/instances/team-a/shop1/delete`],
    ['DELETE', `${SHOPS}/instances?namespace=a`],
    ['DELETE', `${SHOPS}/instances/team-a`],
    ['POST', `${SHOPS}/instances`],
    ['POST', `${SHOPS}/instances/team-a/shop1/parts`],
    ['GET', `${SHOPS}/instances/team-a/shop1/parts/more`],
    ['GET', '/api/services'],
    ['GET', '/api/services/a?namespace=b'],
    ['GET', '/api'],
    ['GET', 'http://elsewhere/api/session'],
    ['PATCH', `${SHOPS}/instances/team-a/shop1`],
  ])('%s %s is nothing of ours', (method, url) => {
    expect(routeOf(method, url)).toBeUndefined();
  });
});
