import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseYaml, toYaml } from '../kube/yaml.ts';
import { kubeconfigText } from '../pki/kubeconfig.ts';
import { accessOf } from './own-kubeconfig.ts';

describe('accessOf', () => {
  it('reads what we write', async () => {
    const text = kubeconfigText({ server: 'https://127.0.0.1:1', ca: 'CA', user: { cert: 'C', key: 'K' } });

    const access = accessOf(text);

    expect(access).toMatchObject({ server: 'https://127.0.0.1:1', ca: 'CA' });
    expect(await access.credentials.current()).toEqual({ certificate: { cert: 'C', key: 'K' } });
  });

  it('reads it still when kflex has written the context of a plane beside it', async () => {
    const text = kubeconfigText({ server: 'https://127.0.0.1:1', ca: 'CA', user: { cert: 'C', key: 'K' } });
    const config = z
      .looseObject({ clusters: z.array(z.unknown()), users: z.array(z.unknown()) })
      .parse(parseYaml(text));
    const plane = { name: 'plane', cluster: { server: 'https://127.0.0.1:2' } };
    const written = toYaml({
      ...config,
      clusters: [...config.clusters, plane],
      users: [...config.users, { name: 'plane-admin', user: { token: 't' } }],
    });

    expect(accessOf(written)).toMatchObject({ server: 'https://127.0.0.1:1', ca: 'CA' });
  });

  it('refuses what is not ours', () => {
    expect(() => accessOf('{"clusters":[]}')).toThrow();
  });
});
