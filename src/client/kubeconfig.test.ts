import { describe, expect, it } from 'vitest';
import { mergeKubeconfigs, parseKubeconfig } from './kubeconfig.ts';

const FILE = '/home/me/.kube/config';

describe('parseKubeconfig', () => {
  it('reads YAML and JSON alike', () => {
    const yaml = 'current-context: c\nclusters:\n- name: k\n  cluster: {server: "https://a"}\n';
    const json = JSON.stringify({
      'current-context': 'c',
      clusters: [{ name: 'k', cluster: { server: 'https://a' } }],
    });

    expect(parseKubeconfig(yaml, FILE)).toEqual(parseKubeconfig(json, FILE));
    expect(parseKubeconfig(yaml, FILE).clusters.get('k')).toEqual({ server: 'https://a' });
  });

  it('takes relative paths from the folder of the file', () => {
    const text = `
clusters: [{name: k, cluster: {certificate-authority: ca.crt}}]
users:
- {name: files, user: {client-certificate: ../pki/c.crt, client-key: /abs/c.key, tokenFile: t}}
- {name: beside, user: {exec: {command: ./plugin}}}
- {name: onpath, user: {exec: {command: plugin}}}
`;

    const { clusters, users } = parseKubeconfig(text, FILE);

    expect(clusters.get('k')).toEqual({ 'certificate-authority': '/home/me/.kube/ca.crt' });
    expect(users.get('files')).toEqual({
      'client-certificate': '/home/me/pki/c.crt',
      'client-key': '/abs/c.key',
      tokenFile: '/home/me/.kube/t',
    });
    expect(users.get('beside')).toMatchObject({ exec: { command: '/home/me/.kube/plugin' } });
    expect(users.get('onpath')).toMatchObject({ exec: { command: 'plugin' } });
  });

  it('takes an empty file for an empty kubeconfig', () => {
    expect(parseKubeconfig('', FILE)).toEqual(mergeKubeconfigs([]));
  });

  it.each([
    ['text', 'hello', /it is not a map/],
    ['another object', 'kind: Pod', /its kind is "Pod"/],
    ['broken YAML, with the line', 'a: 1\nb: [', /config: line \d/],
    ['an entry without a name', 'users: [{user: {}}]', /users\[0\] has no name/],
    ['a list that is none', 'contexts: {a: b}', /contexts is not a list/],
    ['an entry that is no map', 'users: [{name: a, user: b}]', /users\[0\].user is not a map/],
  ])('refuses %s', (_name, text, message) => {
    expect(() => parseKubeconfig(text, FILE)).toThrow(message);
  });
});

describe('mergeKubeconfigs', () => {
  it('lets the first file that names something decide it', () => {
    const first = parseKubeconfig('clusters: [{name: a, cluster: {server: "https://1"}}]', '/1');
    const second = parseKubeconfig(
      'current-context: x\nclusters: [{name: a, cluster: {server: "https://2"}}, {name: b, cluster: {server: "https://b"}}]',
      '/2',
    );
    const third = parseKubeconfig('current-context: y', '/3');

    const merged = mergeKubeconfigs([first, second, third]);

    expect(merged.currentContext).toBe('x');
    expect([...merged.clusters]).toEqual([
      ['a', { server: 'https://1' }],
      ['b', { server: 'https://b' }],
    ]);
  });
});
