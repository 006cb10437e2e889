import { describe, expect, it } from 'vitest';
import { joinRules, revokeRules, type Rule } from './rules.ts';

const on = (group: string, resources: string[], verbs: string[], names?: string[]): Rule => ({
  apiGroups: [group],
  resources,
  verbs,
  ...(names === undefined ? {} : { resourceNames: names }),
});
const path = (url: string, verbs: string[]): Rule => ({ nonResourceURLs: [url], verbs });

describe('joinRules', () => {
  it('adds up: what was granted before stays', () => {
    expect(joinRules([on('', ['pods'], ['get'])], [on('', ['pods', 'secrets'], ['list'])])).toEqual([
      on('', ['pods'], ['get', 'list']),
      on('', ['secrets'], ['list']),
    ]);
  });

  it('tells one object from all, and a path from a resource', () => {
    const rules = [on('', ['pods'], ['get'], ['a']), on('', ['pods'], ['get']), path('/pods', ['get'])];

    expect(joinRules(rules)).toHaveLength(3);
  });
});

describe('revokeRules', () => {
  const cases: readonly [string, Rule[], Rule[], Rule[]][] = [
    [
      'takes the verbs named',
      [on('apps', ['deployments'], ['get', 'list'])],
      [on('apps', ['deployments'], ['list'])],
      [on('apps', ['deployments'], ['get'])],
    ],
    [
      'leaves other resources of the same rule',
      [on('', ['pods', 'secrets'], ['get'])],
      [on('', ['secrets'], ['get'])],
      [on('', ['pods'], ['get'])],
    ],
    [
      'leaves other groups',
      [on('apps', ['deployments'], ['get'])],
      [on('', ['deployments'], ['get'])],
      [on('apps', ['deployments'], ['get'])],
    ],
    ['drops a grant of all verbs', [on('', ['pods'], ['*'])], [on('', ['pods'], ['get'])], []],
    ['takes all where all are revoked', [on('', ['pods'], ['get', 'list'])], [on('', ['pods'], ['*'])], []],
    [
      'trims a wildcard as a whole',
      [on('', ['*'], ['get', 'list'])],
      [on('', ['pods'], ['get'])],
      [on('', ['*'], ['list'])],
    ],
    [
      'reaches through a wildcard of the revocation',
      [on('apps', ['deployments'], ['get'])],
      [on('*', ['*'], ['get'])],
      [],
    ],
    [
      'takes one object from all objects',
      [on('', ['secrets'], ['get'])],
      [on('', ['secrets'], ['get'], ['a'])],
      [],
    ],
    [
      'leaves other objects',
      [on('', ['secrets'], ['get'], ['b'])],
      [on('', ['secrets'], ['get'], ['a'])],
      [on('', ['secrets'], ['get'], ['b'])],
    ],
    [
      'leaves the resource when its subresource goes',
      [on('', ['pods', 'pods/log'], ['get'])],
      [on('', ['pods/log'], ['get'])],
      [on('', ['pods'], ['get'])],
    ],
    [
      'takes paths, also by pattern',
      [path('/metrics', ['get']), path('/healthz', ['get'])],
      [path('/met*', ['get'])],
      [path('/healthz', ['get'])],
    ],
    [
      'never takes a path for a resource',
      [path('/metrics', ['get'])],
      [on('*', ['*'], ['*'])],
      [path('/metrics', ['get'])],
    ],
  ];
  it.each(cases)('%s', (_name, held, revoked, left) => {
    expect(revokeRules(held, revoked)).toEqual(left);
  });

  it('leaves nothing of what is revoked, whatever was held', () => {
    for (const [, held, revoked] of cases) {
      const once = revokeRules(held, revoked);

      expect(revokeRules(once, revoked)).toEqual(once);
    }
  });
});
