import { describe, expect, it } from 'vitest';
import type { Instance } from '../../api/instance.ts';
import type { Reader } from '../../client/client.ts';
import { FakeClock } from '../../lib/fake-clock.ts';
import { ValueSecrets } from './value-secrets.ts';

const instance = (generation: number): Instance => ({
  apiVersion: 'platformapi.kubeplus/v1alpha1',
  kind: 'Shop',
  metadata: { name: 'one', namespace: 'team', uid: 'u', generation },
  tenantry: { valuesFrom: [{ secretName: 'values' }] },
});

/** A server with one Secret that changes from read to read: its values say how many reads there were. */
function setUp() {
  let reads = 0;
  const clock = new FakeClock();
  const secrets = new ValueSecrets(clock);
  const find = (): Promise<unknown> => {
    reads += 1;
    const data = { 'values.yaml': Buffer.from(`reads: ${reads}`).toString('base64') };
    return Promise.resolve({ metadata: { name: 'values', namespace: 'team', uid: 's' }, data });
  };
  const reader = { find } as unknown as Reader; // true: nothing else of it is used
  const read = async (generation: number): Promise<unknown> => {
    const found = await secrets.read(instance(generation), reader, new AbortController().signal);
    return 'values' in found ? found.values[0]?.['reads'] : found;
  };
  return { clock, read };
}

describe('the Secrets that values come from', () => {
  it('are not read at every look', async () => {
    const { clock, read } = setUp();

    expect([await read(1), await read(1)]).toEqual([1, 1]);
    await clock.advance(5_000);
    expect(await read(1)).toBe(2);
  });

  it('are read again when the instance was changed: whoever corrects one often corrects both', async () => {
    const { read } = setUp();

    expect([await read(1), await read(2), await read(2)]).toEqual([1, 2, 2]);
  });
});
