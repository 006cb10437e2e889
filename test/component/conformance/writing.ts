import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Patch } from '../../../src/client/client.ts';
import { CONFIG_MAP, DEPLOYMENT, NAMESPACE, type ConfigMap } from '../../../src/kube/builtin-kinds.ts';
import { codeOf, configMap, exchange, type Subject, type SubjectFactory } from './subject.ts';

const NO_UID = '00000000-0000-0000-0000-000000000000';

/** Writes by preconditions, patches of each kind, dry runs, and what a deletion answers. */
export function writeConformance(factory: SubjectFactory): void {
  describe('writes', () => {
    let subject: Subject;
    let client: Client;
    let ns: string;
    beforeAll(async () => {
      subject = await factory();
      ({ client, namespace: ns } = subject);
    });
    afterAll(() => subject.stop());

    const make = (name: string, more: object = {}): Promise<ConfigMap> => {
      const plain = configMap(ns, name, { a: '1' });
      return client.create(CONFIG_MAP, { ...plain, metadata: { ...plain.metadata, ...more } });
    };
    const at = (name: string) => ({ namespace: ns, name });

    it('replace without a version whatever is there, where the kind allows it', async () => {
      await make('blind');

      const replaced = await client.replace(CONFIG_MAP, configMap(ns, 'blind', { b: '2' }));

      expect(replaced.data).toEqual({ b: '2' });
    });

    it('refuse another UID in a replacement, and another version in a deletion', async () => {
      const { metadata } = await make('guarded');
      const wrong = { ...configMap(ns, 'guarded', {}), metadata: { ...metadata, uid: NO_UID } };

      expect(await codeOf(client.replace(CONFIG_MAP, wrong))).toBe('Conflict');
      expect(await codeOf(client.delete(CONFIG_MAP, at('guarded'), { resourceVersion: '1' }))).toBe(
        'Conflict',
      );
      expect(
        await codeOf(
          client.delete(CONFIG_MAP, at('guarded'), {
            uid: metadata.uid ?? '',
            resourceVersion: metadata.resourceVersion ?? '',
          }),
        ),
      ).toBe('succeeded');
    });

    it('keep what is the server’s, whatever a replacement says', async () => {
      const created = await make('kept');
      const { uid, creationTimestamp, resourceVersion } = created.metadata;
      const body = {
        ...created,
        metadata: {
          ...created.metadata,
          creationTimestamp: '2001-01-01T00:00:00Z',
          generation: 7,
        },
        data: { b: '2' },
      };

      const replaced = await client.replace(CONFIG_MAP, body);

      expect(replaced.metadata).toMatchObject({ uid, creationTimestamp });
      expect(replaced.metadata.resourceVersion).not.toBe(resourceVersion);
    });

    it('mark nothing for deletion', async () => {
      await make('unmarked');
      const body = { metadata: { deletionTimestamp: '2001-01-01T00:00:00Z' } };

      await expect(client.patch(CONFIG_MAP, at('unmarked'), { type: 'merge', body })).rejects.toMatchObject({
        code: 'Invalid',
        causes: [{ field: 'metadata.deletionTimestamp' }],
      });
    });

    it('leave out what is empty', async () => {
      const made = await make('empty', { labels: {}, annotations: {}, finalizers: [], ownerReferences: [] });
      const bare = await client.create(CONFIG_MAP, configMap(ns, 'bare', {}));

      for (const member of ['labels', 'annotations', 'finalizers', 'ownerReferences'])
        expect(made.metadata).not.toHaveProperty(member);
      expect(bare).not.toHaveProperty('data');
    });

    it.each<[string, Patch, ConfigMap['data'] | 'BadRequest' | 'Invalid']>([
      ['adds', { type: 'json', body: [{ op: 'add', path: '/data/b', value: '2' }] }, { a: '1', b: '2' }],
      ['removes', { type: 'json', body: [{ op: 'remove', path: '/data/a' }] }, undefined],
      ['moves', { type: 'json', body: [{ op: 'move', from: '/data/a', path: '/data/b' }] }, { b: '1' }],
      [
        'copies',
        { type: 'json', body: [{ op: 'copy', from: '/data/a', path: '/data/b' }] },
        { a: '1', b: '1' },
      ],
      ['refuses to remove nothing', { type: 'json', body: [{ op: 'remove', path: '/data/z' }] }, 'Invalid'],
      [
        'adds what it should replace',
        { type: 'json', body: [{ op: 'replace', path: '/data/z', value: '1' }] },
        { a: '1', z: '1' },
      ],
      [
        'refuses an operation nobody knows',
        { type: 'json', body: [{ op: 'turn', path: '/data/a' }] },
        'Invalid',
      ],
      ['merges', { type: 'merge', body: { data: { b: '2' } } }, { a: '1', b: '2' }],
      ['refuses a merge that is no object', { type: 'merge', body: 'text' }, 'BadRequest'],
      ['merges strategically', { type: 'strategic', body: { data: { b: '2', a: null } } }, { b: '2' }],
    ])('patch: %s', async (what, patch, expected) => {
      const name = `patch-${what.replaceAll(' ', '-')}`;
      await make(name);

      const call = client.patch(CONFIG_MAP, at(name), patch);

      if (typeof expected === 'string') expect(await codeOf(call)).toBe(expected);
      else expect((await call).data).toEqual(expected);
    });

    it('refuse a JSON patch that is no list', async () => {
      await make('no-list');
      const headers = { 'content-type': 'application/json-patch+json' };

      const path = `/api/v1/namespaces/${ns}/configmaps/no-list`;
      expect((await exchange(subject, 'PATCH', path, { body: { op: 'add' }, headers })).status).toBe(400);
    });

    describe('in a dry run', () => {
      it('answer what would be created, without a version', async () => {
        const created = await client.create(CONFIG_MAP, configMap(ns, 'dry', { a: '1' }), { dryRun: true });

        expect(created).toMatchObject({ metadata: { name: 'dry' }, data: { a: '1' } });
        expect(created.metadata.resourceVersion ?? '').toBe('');
      });

      it('answer what would be changed, with the version that is there', async () => {
        const { metadata } = await make('dry-change');
        const body = { data: { a: '2' } };

        const patched = await client.patch(
          CONFIG_MAP,
          at('dry-change'),
          { type: 'merge', body },
          { dryRun: true },
        );
        const applied = await client.apply(CONFIG_MAP, configMap(ns, 'dry-change', { a: '3' }), {
          dryRun: true,
        });

        expect(patched).toMatchObject({
          data: { a: '2' },
          metadata: { resourceVersion: metadata.resourceVersion },
        });
        expect(applied).toMatchObject({
          data: { a: '3' },
          metadata: { resourceVersion: metadata.resourceVersion },
        });
        expect((await client.get(CONFIG_MAP, at('dry-change'))).data).toEqual({ a: '1' });
      });

      it('refuse what would be refused', async () => {
        await make('dry-taken');

        expect(
          await codeOf(client.create(CONFIG_MAP, configMap(ns, 'dry-taken', {}), { dryRun: true })),
        ).toBe('AlreadyExists');
        expect(await codeOf(client.delete(CONFIG_MAP, at('dry-taken'), { uid: NO_UID, dryRun: true }))).toBe(
          'Conflict',
        );
      });
    });

    describe('that delete', () => {
      it('answer that it is done, or the object that is held', async () => {
        const { metadata } = await make('done');
        await make('held', { finalizers: ['example.org/hold'] });

        const done = await client.delete(CONFIG_MAP, at('done'));
        const held = await client.delete(CONFIG_MAP, at('held'));

        expect(done).toMatchObject({
          kind: 'Status',
          status: 'Success',
          details: { name: 'done', kind: 'configmaps', uid: metadata.uid },
        });
        expect(held).toMatchObject({
          kind: 'ConfigMap',
          metadata: { deletionTimestamp: expect.any(String) as string, finalizers: ['example.org/hold'] },
        });
      });

      it('change nothing the second time', async () => {
        await make('twice', { finalizers: ['example.org/hold'] });
        const first = await client.delete(CONFIG_MAP, at('twice'));

        const second = await client.delete(CONFIG_MAP, at('twice'));

        expect(second?.metadata.resourceVersion).toBe(first?.metadata.resourceVersion);
        expect(second?.metadata.deletionTimestamp).toBe(first?.metadata.deletionTimestamp);
      });

      it('leave one finalizer to the other', async () => {
        await make('two', { finalizers: ['example.org/one', 'example.org/two'] });
        await client.delete(CONFIG_MAP, at('two'));

        const body = { metadata: { finalizers: ['example.org/two'] } };
        const left = await client.patch(CONFIG_MAP, at('two'), { type: 'merge', body });

        expect(left.metadata).toMatchObject({ finalizers: ['example.org/two'] });
        const last = await client.patch(CONFIG_MAP, at('two'), {
          type: 'merge',
          body: { metadata: { finalizers: null } },
        });
        // The answer to the write that let it go is its last state.
        expect(last.metadata.name).toBe('two');
        expect(await client.find(CONFIG_MAP, at('two'))).toBeUndefined();
      });

      it('let go when a replacement drops the last finalizer', async () => {
        await make('replaced', { finalizers: ['example.org/hold'] });
        await client.delete(CONFIG_MAP, at('replaced'));
        const { metadata, ...rest } = await client.get(CONFIG_MAP, at('replaced'));
        const { finalizers: _finalizers, ...free } = metadata;

        await client.replace(CONFIG_MAP, { ...rest, metadata: free });

        expect(await client.find(CONFIG_MAP, at('replaced'))).toBeUndefined();
      });
    });

    it('refuse new objects in a namespace that ends, and say why', async () => {
      const name = `${ns}-ending`;
      await client.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      const held = configMap(name, 'held', {});
      await client.create(CONFIG_MAP, {
        ...held,
        metadata: { ...held.metadata, finalizers: ['example.org/hold'] },
      });
      const deleted = await client.delete(NAMESPACE, { name });

      const refused = client.create(CONFIG_MAP, configMap(name, 'late', {}));

      await expect(refused).rejects.toMatchObject({
        code: 'Forbidden',
        causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }],
      });
      expect(deleted).toMatchObject({ kind: 'Namespace', status: { phase: 'Terminating' } });
      // What is there can be changed, also by an apply.
      const change = { type: 'merge', body: { metadata: { finalizers: [] } } } as const;
      expect(await codeOf(client.patch(CONFIG_MAP, { namespace: name, name: 'held' }, change))).toBe(
        'succeeded',
      );
    });

    it('of a status change no label and no spec, and the other way round', async () => {
      const object = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'doors', namespace: ns },
        spec: {
          replicas: 0,
          selector: { matchLabels: { a: 'b' } },
          template: {
            metadata: { labels: { a: 'b' } },
            spec: { containers: [{ name: 'main', image: 'none' }] },
          },
        },
      };
      const created = await client.create(DEPLOYMENT, {
        ...object,
        status: { collisionCount: 3 },
      });
      expect(created).not.toHaveProperty('status.collisionCount');
      const { resourceVersion: _version, ...metadata } = created.metadata;
      const wanted = {
        ...created,
        metadata: { ...metadata, labels: { x: 'y' } },
        spec: { ...created.spec, replicas: 5 },
        status: { collisionCount: 4 },
      } as unknown as typeof created;

      const byStatus = await client.replace(DEPLOYMENT, wanted, { subresource: 'status' });

      expect(byStatus).toMatchObject({ spec: { replicas: 0 }, status: { collisionCount: 4 } });
      expect(byStatus.metadata.labels ?? {}).toEqual({});
      expect(byStatus.metadata.generation).toBe(1);
    });
  });
}
