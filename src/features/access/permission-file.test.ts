import { describe, expect, it } from 'vitest';
import { readPermissionFile, requireNoImpersonation } from './permission-file.ts';

const YAML = `
perms:
  apps:
    - deployments: [get, list]
  "":
    - secrets/resourceName::token: [get]
    - pods/log: [get]
  non-apigroup:
    - nonResourceURL::/metrics: [get]
`;
const JSON_TEXT = JSON.stringify({
  perms: {
    apps: [{ deployments: ['get', 'list'] }],
    core: [{ 'secrets/resourceName::token': ['get'] }, { 'pods/log': ['get'] }],
    'non-apigroup': [{ 'nonResourceURL::/metrics': ['get'] }],
  },
});

describe('readPermissionFile', () => {
  it.each([
    ['YAML', YAML],
    ['JSON', JSON_TEXT],
  ])('reads %s: groups, subresources, objects by name, paths', (_form, text) => {
    expect(readPermissionFile(text, 'f')).toEqual([
      { nonResourceURLs: ['/metrics'], verbs: ['get'] },
      { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['token'], verbs: ['get'] },
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list'] },
    ]);
  });

  it.each([
    ['no map', '[]', 'f: perms is missing or is no map'],
    ['no perms', '{"rules": []}', 'f: perms is missing or is no map'],
    [
      'a group that is no list',
      '{"perms": {"apps": {"deployments": ["get"]}}}',
      'f: perms["apps"] is not a list',
    ],
    [
      'an entry that is no map',
      '{"perms": {"apps": ["deployments"]}}',
      'f: perms["apps"][0] is not a map of a resource to its verbs',
    ],
    [
      'verbs that are no list',
      '{"perms": {"apps": [{"deployments": "get"}]}}',
      'f: perms["apps"][0]["deployments"] is not a list of verbs',
    ],
    [
      'no verbs',
      '{"perms": {"apps": [{"deployments": []}]}}',
      'f: perms["apps"][0]["deployments"] is not a list of verbs',
    ],
    [
      'a path without its mark',
      '{"perms": {"non-apigroup": [{"/metrics": ["get"]}]}}',
      'f: perms["non-apigroup"][0] must be named nonResourceURL::<path>',
    ],
    ['nothing', '{"perms": {}}', 'f: perms grants nothing'],
  ])('names the place of %s', (_what, text, message) => {
    expect(() => readPermissionFile(text, 'f')).toThrow(message);
  });
});

describe('requireNoImpersonation', () => {
  it.each(['users', 'groups', '*'])('refuses to make an administrator of whoever asks for %s', (resource) => {
    const rules = [{ apiGroups: [''], resources: [resource], verbs: ['get', 'impersonate'] }];

    expect(() => requireNoImpersonation(rules, 'f')).toThrow(/impersonate/);
  });

  it('lets everything else pass', () => {
    expect(() =>
      requireNoImpersonation([{ apiGroups: [''], resources: ['users'], verbs: ['get'] }], 'f'),
    ).not.toThrow();
  });
});
