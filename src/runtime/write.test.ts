import { describe, expect, it } from 'vitest';
import { MemoryClient } from '../../test/doubles/memory-client.ts';
import { CONFIG_MAP, type ConfigMap } from '../kube/builtin-kinds.ts';
import { KubeError } from '../kube/kube-error.ts';
import { INSTANCE_UID_LABEL } from '../api/names.ts';
import type { KubeObject } from '../kube/object.ts';
import { carryOutWrite } from './write.ts';

const object: ConfigMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'n', labels: { [INSTANCE_UID_LABEL]: 'owner' } },
};

/** A client that has the object as our create left it: its fields are not yet counted as applied. */
async function withCreated(): Promise<MemoryClient> {
  const client = new MemoryClient();
  const managedFields = [{ manager: 'tenantry', operation: 'Update', fieldsV1: { 'f:data': {} } }];
  const metadata = { ...object.metadata, managedFields } as KubeObject['metadata'];
  await client.create(CONFIG_MAP, { ...object, metadata });
  client.calls.length = 0;
  return client;
}

const own = { verb: 'own', kind: CONFIG_MAP, object, owner: 'owner', uid: 'unknown' } as const;
const conflict = new KubeError('Conflict', 'the object has been modified', { status: 409 });

describe('applying over an object that somebody writes at the same time', () => {
  it('reads it anew and counts its fields again', async () => {
    const client = await withCreated();
    let conflicts = 2;
    client.fault = ({ verb }, phase) => {
      if (verb === 'patch' && phase === 'before' && conflicts-- > 0) throw conflict;
    };

    const { action } = await carryOutWrite(client, own);

    expect(action).toBe('applied');
    expect(client.calls.map(({ verb }) => verb)).toEqual(['patch', 'patch', 'patch', 'apply']);
  });

  it('leaves it to the next look when that does not end', async () => {
    const client = await withCreated();
    client.fault = ({ verb }) => {
      if (verb === 'patch') throw conflict;
    };

    await expect(carryOutWrite(client, own)).rejects.toBe(conflict);
    expect(client.calls.map(({ verb }) => verb)).not.toContain('apply');
  });
});

describe('applying over an object that another leader wrote', () => {
  const behind = { ...object, data: { from: 'behind' } };
  const ahead = { ...object, data: { from: 'ahead' } };

  it('changes nothing when it arrives after the other one', async () => {
    const client = await withCreated();
    await carryOutWrite(client, own);
    client.fault = async ({ verb }, phase) => {
      if (verb !== 'apply' || phase !== 'before') return;
      client.fault = () => undefined;
      const managedFields = [
        { manager: 'tenantry', operation: 'Apply', fieldsV1: { 'f:data': { 'f:from': {} } } },
      ];
      const metadata = { ...ahead.metadata, managedFields } as KubeObject['metadata'];
      await client.replace(CONFIG_MAP, { ...ahead, metadata });
    };

    await expect(carryOutWrite(client, { ...own, object: behind })).rejects.toMatchObject({
      code: 'Conflict',
    });
    expect((await client.get(CONFIG_MAP, object.metadata)).data).toEqual({ from: 'ahead' });
  });

  it('does not even begin where only a new one is wanted', async () => {
    const client = await withCreated();

    await expect(carryOutWrite(client, { ...own, onlyNew: true })).rejects.toMatchObject({
      code: 'Conflict',
    });
    expect(client.calls.map(({ verb }) => verb)).not.toContain('apply');
  });
});

describe('deleting', () => {
  it('is not done when the answer is a conflict and the object is still there', async () => {
    const client = await withCreated();
    const { uid = '' } = (await client.get(CONFIG_MAP, object.metadata)).metadata;
    client.fault = ({ verb }) => {
      if (verb === 'delete') throw conflict;
    };

    const write = { verb: 'delete', kind: CONFIG_MAP, ref: { name: 'a', namespace: 'n' }, uid } as const;
    await expect(carryOutWrite(client, write)).rejects.toBe(conflict);
  });
});

describe('applying to an object that somebody else makes, too', () => {
  const apply = { verb: 'apply', kind: CONFIG_MAP, object } as const;

  it.each([
    ['makes it where nobody has', undefined],
    ['adds to what others made, whoever they are', { ...object, metadata: { name: 'a', namespace: 'n' } }],
  ])('%s, in one call', async (_what, present) => {
    const client = new MemoryClient();
    if (present !== undefined) await client.create(CONFIG_MAP, present);
    client.calls.length = 0;

    const { object: answer } = await carryOutWrite(client, apply);

    expect(client.calls.map(({ verb }) => verb)).toEqual(['apply']);
    expect(answer?.metadata.labels).toEqual(object.metadata.labels);
  });
});
