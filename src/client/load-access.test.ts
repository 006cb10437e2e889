import { describe, expect, it } from 'vitest';
import { surroundings } from '../../test/builders/surroundings.ts';
import { loadAccess } from './load-access.ts';

const b64 = (text: string): string => Buffer.from(text).toString('base64');

/** A kubeconfig with one cluster, user and context, the fields of which a case adds to. */
const config = (cluster: object, user: object = {}, context: object = {}): string =>
  JSON.stringify({
    'current-context': 'c',
    clusters: [{ name: 'k', cluster: { server: 'https://10.0.0.1:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u', ...context } }],
  });
const HOME = '/home/me/.kube/config';
const load = (text: string, request = {}, files = {}) =>
  loadAccess(request, surroundings({ files: { [HOME]: text, ...files } }));

describe('loadAccess finds', () => {
  it('the kubeconfig that was named, and no other', async () => {
    const around = surroundings({
      env: { KUBECONFIG: '/other' },
      files: { '/current/mine': config({ server: 'https://mine' }) },
    });

    const access = await loadAccess({ kubeconfig: 'mine' }, around);

    expect(access.server).toBe('https://mine');
    expect(around.reads).toEqual(['/current/mine']);
  });

  it('the files of KUBECONFIG merged, skipping those that are not there', async () => {
    const users = JSON.stringify({ users: [{ name: 'u', user: { token: 'first' } }] });
    const around = surroundings({
      env: { KUBECONFIG: '/not-there:/a::b' },
      files: { '/a': users, '/current/b': config({}, { token: 'second' }) },
    });

    const access = await loadAccess({}, around);

    expect(await access.credentials.current()).toEqual({ token: 'first' });
  });

  it('the ServiceAccount of the pod if there is no kubeconfig', async () => {
    const mount = '/var/run/secrets/kubernetes.io/serviceaccount';
    const around = surroundings({
      env: { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' },
      files: { [`${mount}/ca.crt`]: 'CA', [`${mount}/token`]: 'tok\n', [`${mount}/namespace`]: 'home' },
    });

    const access = await loadAccess({}, around);

    expect(access).toMatchObject({ server: 'https://[fd00::1]:443', ca: 'CA', namespace: 'home' });
    expect(await access.credentials.current()).toEqual({ token: 'tok' });
  });

  it.each([
    ['nothing at all', {}, {}, /no kubeconfig was found \(looked for \/home\/me\/.kube\/config\)/],
    ['a named file that is not there', { kubeconfig: '/no' }, {}, /\/no can not be read: it does not exist/],
    ['an empty kubeconfig', {}, { [HOME]: '' }, /names no cluster/],
  ])('or says that there is %s', async (_name, request, files, message) => {
    const failure = loadAccess(request, surroundings({ files }));

    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toHaveProperty('remedy', expect.stringMatching(/./));
  });
});

describe('loadAccess reads', () => {
  it('inline data before files', async () => {
    const text = config(
      { 'certificate-authority-data': b64('CA'), 'certificate-authority': '/not-there' },
      { 'client-certificate-data': b64('CERT'), 'client-key-data': b64('KEY'), 'client-key': '/not-there' },
    );

    const access = await load(text);

    expect(access.ca).toBe('CA');
    expect(await access.credentials.current()).toEqual({ certificate: { cert: 'CERT', key: 'KEY' } });
  });

  it('files beside the kubeconfig', async () => {
    const text = config(
      { 'certificate-authority': 'ca' },
      { 'client-certificate': 'crt', 'client-key': 'key' },
    );
    const files = { '/home/me/.kube/ca': 'CA', '/home/me/.kube/crt': 'CERT', '/home/me/.kube/key': 'KEY' };

    const access = await load(text, {}, files);

    expect(access.ca).toBe('CA');
    expect(await access.credentials.current()).toEqual({ certificate: { cert: 'CERT', key: 'KEY' } });
  });

  it('server name, namespace, proxy and impersonation', async () => {
    const text = config(
      { 'tls-server-name': 'api', 'proxy-url': 'http://proxy:1' },
      { token: 't', as: 'jane', 'as-groups': ['devs'], 'as-uid': '7', 'as-user-extra': { scope: ['a'] } },
      { namespace: 'home' },
    );

    expect(await load(text)).toMatchObject({
      tlsServerName: 'api',
      proxyUrl: 'http://proxy:1',
      namespace: 'home',
      impersonate: { user: 'jane', groups: ['devs'], uid: '7', extra: { scope: ['a'] } },
    });
  });

  it('another context and namespace if they were named', async () => {
    const other = {
      clusters: [{ name: 'k2', cluster: { server: 'https://two' } }],
      contexts: [{ name: 'c2', context: { cluster: 'k2', namespace: 'x' } }],
    };
    const around = surroundings({
      env: { KUBECONFIG: '/1:/2' },
      files: { '/1': config({}), '/2': JSON.stringify(other) },
    });

    expect(await loadAccess({ context: 'c2', namespace: 'y' }, around)).toMatchObject({
      server: 'https://two',
      namespace: 'y',
    });
  });

  it.each<[string, string, object, RegExp]>([
    ['a password', config({}, { username: 'a', password: 'b' }), {}, /user "u" has a user name and password/],
    ['an auth-provider', config({}, { 'auth-provider': { name: 'gcp' } }), {}, /auth-provider/],
    [
      'a certificate without its key',
      config({}, { 'client-certificate-data': b64('c') }),
      {},
      /client-key is missing/,
    ],
    [
      'a key without its certificate',
      config({}, { 'client-key': '/k' }),
      {},
      /client-certificate is missing/,
    ],
    [
      'an authority that is not checked',
      config({ 'certificate-authority-data': b64('c'), 'insecure-skip-tls-verify': true }),
      {},
      /contradict/,
    ],
    ['a server that is no address', config({ server: 'k8s:6443' }), {}, /server is "k8s:6443"/],
    ['a SOCKS proxy', config({ 'proxy-url': 'socks5://p' }), {}, /only http:\/\/ and https:\/\/ proxies/],
    [
      'an authority that can not be read',
      config({ 'certificate-authority': '/no' }),
      {},
      /certificate-authority can not be read/,
    ],
    ['a context that is not there', config({}), { context: 'nope' }, /no context named "nope"/],
    ['a cluster that is not there', config({}, {}, { cluster: 'nope' }), {}, /no cluster named "nope"/],
    ['a user that is not there', config({}, {}, { user: 'nope' }), {}, /no user named "nope"/],
    ['no current context', config({}).replace('"current-context":"c",', ''), {}, /no current context/],
    [
      'an old plug-in',
      config({}, { exec: { command: 'x', apiVersion: 'client.authentication.k8s.io/v1alpha1' } }),
      {},
      /apiVersion is "client.authentication.k8s.io\/v1alpha1"/,
    ],
    [
      'a plug-in that asks',
      config(
        {},
        { exec: { command: 'x', apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Always' } },
      ),
      {},
      /ask questions/,
    ],
  ])('refuses %s', async (_name, text, request, message) => {
    await expect(load(text, request)).rejects.toThrow(message);
  });
});
