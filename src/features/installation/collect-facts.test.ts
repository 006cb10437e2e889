import { expect, it } from 'vitest';
import { MemoryClient } from '../../../test/doubles/memory-client.ts';
import { KubeError } from '../../kube/kube-error.ts';
import { collectFacts } from './collect-facts.ts';
import { diagnose } from './diagnosis.ts';

const forbidden = (): Promise<never> => Promise.reject(new KubeError('Forbidden', 'no', { status: 403 }));

it('tells somebody who may read nothing that, and not what is missing', async () => {
  const client = Object.assign(new MemoryClient(), {
    find: forbidden,
    list: forbidden,
    raw: () => Promise.resolve({ status: 200, headers: {}, text: '{"gitVersion":"v1.37.1"}' }),
  });

  const found = diagnose(await collectFacts(client, 'tenantry-system', ['plans.tenantry.dev']));

  const hidden = ['kinds', 'rights', 'policies', 'accounts', 'operator', 'webhooks', 'storage', 'objects'];
  expect(found.filter(({ verdict }) => verdict === 'problem')).toEqual([]);
  expect(found.filter(({ message }) => message.includes('may not read')).map(({ check }) => check)).toEqual(
    hidden,
  );
});

it('tells who may read everything what is missing', async () => {
  const client = Object.assign(new MemoryClient(), {
    raw: () => Promise.resolve({ status: 200, headers: {}, text: '{"gitVersion":"v1.37.1"}' }),
  });

  const found = diagnose(await collectFacts(client, 'tenantry-system', ['plans.tenantry.dev']));

  const missing = found.filter(({ verdict }) => verdict === 'problem').map(({ check }) => check);
  expect(missing).toEqual(['kinds', 'rights', 'policies', 'accounts', 'operator', 'webhooks']);
  expect(found.find(({ check }) => check === 'storage')?.message).toContain('no default StorageClass');
});
