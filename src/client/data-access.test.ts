import { describe, expect, it } from 'vitest';
import { FakeClock } from '../lib/fake-clock.ts';
import { dataAccess } from './data-access.ts';

const kubeconfig = (user: unknown, cluster: unknown = {}): string =>
  JSON.stringify({
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    clusters: [{ name: 'a', cluster: { server: 'https://plane', ...(cluster as object) } }],
    users: [{ name: 'a', user }],
  });
const access = (user: unknown, cluster?: unknown) =>
  dataAccess(kubeconfig(user, cluster), 'the kubeconfig', new FakeClock());

describe('a kubeconfig out of a Secret', () => {
  it('gives access by what it embeds', async () => {
    const { server, credentials } = await access({ token: 't' });

    expect(server).toBe('https://plane');
    expect(await credentials.current()).toEqual({ token: 't' });
  });

  it.each([
    ['a token file', { tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token' }, {}],
    ['a key file', { 'client-certificate': '/c', 'client-key': '/k' }, {}],
    ['an authority in a file', { token: 't' }, { 'certificate-authority': '/etc/passwd' }],
    ['a program', { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/sh' } }, {}],
  ])('has this process open or run nothing: %s', async (_what, user, cluster) => {
    await expect(access(user, cluster)).rejects.toThrow(/names a (?:file|program)/);
  });
});
