import { describe, expect, it } from 'vitest';
import { kubeconfigText } from '../pki/kubeconfig.ts';
import { accessOf } from './own-kubeconfig.ts';

describe('accessOf', () => {
  it('reads what we write', async () => {
    const text = kubeconfigText({ server: 'https://127.0.0.1:1', ca: 'CA', user: { cert: 'C', key: 'K' } });

    const access = accessOf(text);

    expect(access).toMatchObject({ server: 'https://127.0.0.1:1', ca: 'CA' });
    expect(await access.credentials.current()).toEqual({ certificate: { cert: 'C', key: 'K' } });
  });

  it('refuses what is not ours', () => {
    expect(() => accessOf('{"clusters":[]}')).toThrow();
  });
});
