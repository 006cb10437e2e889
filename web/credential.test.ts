import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { credentialIn } from './credential.ts';

const read = (text: string) => credentialIn(text, (yaml) => Promise.resolve(parse(yaml) as unknown)); // true of any YAML
const config = (user: object, context: object = { namespace: 'shop' }) => ({
  'current-context': 'c',
  contexts: [{ name: 'c', context: { user: 'u', cluster: 'k', ...context } }],
  users: [
    { name: 'other', user: { token: 'no' } },
    { name: 'u', user },
  ],
});

describe('what somebody signs in with', () => {
  it('is a token', async () => {
    expect(await read(' eyJhbGciOi.J9-_x.y \n')).toEqual({
      token: 'eyJhbGciOi.J9-_x.y',
      namespace: undefined,
    });
  });

  it('is a kubeconfig, as JSON or YAML: the token of its current context', async () => {
    const file = config({ token: 't' });
    const yaml =
      'current-context: c\ncontexts:\n- {name: c, context: {user: u}}\nusers:\n- {name: u, user: {token: t}}\n';

    expect(await read(JSON.stringify(file))).toEqual({ token: 't', namespace: 'shop' });
    expect(await read(yaml)).toEqual({ token: 't', namespace: undefined });
  });

  it.each([
    ['', 'Paste a token'],
    ['two words', 'neither a token nor a kubeconfig'],
    ['{"a":', 'can’t be read'],
    ['{}', 'neither a token nor a kubeconfig'],
    ['{"users":[]}', 'no current context'],
    [JSON.stringify(config({ 'client-certificate-data': 'x' })), 'signs in with a certificate'],
    [JSON.stringify(config({ exec: {} })), 'asks a program'],
    [JSON.stringify(config({ token: '' })), 'holds no token'],
    [JSON.stringify(config({}, { user: 'nobody' })), 'no user'],
  ])('is not %j', async (text, words) => {
    await expect(read(text)).rejects.toThrow(words);
  });
});
