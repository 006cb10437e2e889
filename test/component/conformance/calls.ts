import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../../src/client/client.ts';
import {
  CONFIG_MAP,
  CORE_EVENT,
  DEPLOYMENT,
  EVENT,
  LEASE,
  NAMESPACE,
  POD,
  SECRET,
  type Deployment,
} from '../../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../../src/kube/kind.ts';
import { codeOf, configMap, type Subject, type SubjectFactory } from './subject.ts';

/** Creates, reads, writes and deletes, with the refusals that code relies on. */
export function callConformance(factory: SubjectFactory): void {
  describe('calls', () => {
    let subject: Subject;
    let client: Client;
    let ns: string;
    beforeAll(async () => {
      subject = await factory();
      ({ client, namespace: ns } = subject);
    });
    afterAll(() => subject.stop());

    const deployment = (name: string): Deployment => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: ns },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: { containers: [{ name: 'main', image: 'none' }] },
        },
      },
    });

    describe('create', () => {
      it('fills in what is the server’s and keeps the rest', async () => {
        const created = await client.create(CONFIG_MAP, configMap(ns, 'a', { x: '1' }));

        expect(created).toMatchObject({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'a', namespace: ns },
          data: { x: '1' },
        });
        expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
        expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        expect(created.metadata.resourceVersion).toMatch(/^\d+$/);
      });

      it('answers AlreadyExists for a name that is taken', async () => {
        await client.create(CONFIG_MAP, configMap(ns, 'taken', {}));

        expect(await codeOf(client.create(CONFIG_MAP, configMap(ns, 'taken', {})))).toBe('AlreadyExists');
      });

      it('chooses a name from generateName', async () => {
        const { metadata, ...rest } = configMap(ns, '', {});
        const asked = {
          ...rest,
          metadata: { namespace: metadata.namespace, generateName: 'gen-' },
        } as unknown as ReturnType<typeof configMap>;

        const created = await client.create(CONFIG_MAP, asked);

        expect(created.metadata.name).toMatch(/^gen-.+/);
      });

      it('answers NotFound for a namespace that is not there', async () => {
        expect(await codeOf(client.create(CONFIG_MAP, configMap(`${ns}-not-there`, 'a', {})))).toBe(
          'NotFound',
        );
      });

      it('answers Invalid for a key that is none', async () => {
        expect(await codeOf(client.create(CONFIG_MAP, configMap(ns, 'keys', { 'a/b': '1' })))).toBe(
          'Invalid',
        );
      });

      it('refuses an object that has a version already (upstream calls it an internal error)', async () => {
        const stored = {
          ...configMap(ns, 'early', {}),
          metadata: { name: 'early', namespace: ns, resourceVersion: '1' },
        };

        expect(await codeOf(client.create(CONFIG_MAP, stored))).toBe('InternalError');
      });

      it('answers Invalid with the field for a name that is none', async () => {
        const failure = client.create(CONFIG_MAP, configMap(ns, 'Not_A_Name', {}));

        await expect(failure).rejects.toMatchObject({
          code: 'Invalid',
          status: 422,
          causes: [{ field: 'metadata.name' }],
        });
      });

      it('stores nothing in a dry run', async () => {
        const created = await client.create(CONFIG_MAP, configMap(ns, 'dry', {}), { dryRun: true });

        expect(created.metadata.uid).toBeDefined();
        expect(await client.find(CONFIG_MAP, { namespace: ns, name: 'dry' })).toBeUndefined();
      });

      it('encodes the stringData of a Secret', async () => {
        const secret = await client.create(SECRET, {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'text', namespace: ns },
          stringData: { key: 'hello' },
        });

        expect(secret.data).toEqual({ key: 'aGVsbG8=' });
        expect(secret).not.toHaveProperty('stringData');
      });
    });

    describe('get and list', () => {
      it('answers NotFound, or undefined from find', async () => {
        expect(await codeOf(client.get(CONFIG_MAP, { namespace: ns, name: 'nowhere' }))).toBe('NotFound');
        expect(await client.find(CONFIG_MAP, { namespace: ns, name: 'nowhere' })).toBeUndefined();
      });

      it('answers NotFound for a kind that is not served', async () => {
        const kind: Kind = {
          group: 'nowhere.example.org',
          version: 'v1',
          kind: 'No',
          plural: 'noes',
          namespaced: true,
        };

        expect(await codeOf(client.list(kind, { namespace: ns }))).toBe('NotFound');
      });

      it('gives list items their apiVersion and kind', async () => {
        await client.create(CONFIG_MAP, configMap(ns, 'listed', {}));

        const { items, resourceVersion } = await client.list(CONFIG_MAP, { namespace: ns });

        expect(items.find((item) => item.metadata.name === 'listed')).toMatchObject({
          apiVersion: 'v1',
          kind: 'ConfigMap',
        });
        expect(resourceVersion).toMatch(/^\d+$/);
      });

      it('selects by labels and by fields', async () => {
        const labelled = (name: string, tier: string): ReturnType<typeof configMap> => {
          const plain = configMap(ns, name, {});
          return { ...plain, metadata: { ...plain.metadata, labels: { suite: 'select', tier } } };
        };
        for (const [name, tier] of [
          ['s1', 'a'],
          ['s2', 'b'],
          ['s3', 'c'],
        ] as const)
          await client.create(CONFIG_MAP, labelled(name, tier));
        const names = async (labelSelector: string, fieldSelector?: string): Promise<string[]> => {
          const options = {
            namespace: ns,
            labelSelector,
            ...(fieldSelector === undefined ? {} : { fieldSelector }),
          };
          return (await client.list(CONFIG_MAP, options)).items.map((item) => item.metadata.name).toSorted();
        };

        expect(await names('suite=select')).toEqual(['s1', 's2', 's3']);
        expect(await names('suite=select,tier!=a')).toEqual(['s2', 's3']);
        expect(await names('suite=select,tier in (a,b)')).toEqual(['s1', 's2']);
        expect(await names('suite=select,!nothing', 'metadata.name=s2')).toEqual(['s2']);
      });
    });

    describe('replace and patch', () => {
      it('refuses a replacement of an older version', async () => {
        const first = await client.create(CONFIG_MAP, configMap(ns, 'versions', { n: '1' }));
        await client.replace(CONFIG_MAP, { ...first, data: { n: '2' } });

        expect(await codeOf(client.replace(CONFIG_MAP, { ...first, data: { n: '3' } }))).toBe('Conflict');
      });

      it('leaves the version alone if nothing changes', async () => {
        const first = await client.create(CONFIG_MAP, configMap(ns, 'same', { n: '1' }));

        const second = await client.patch(
          CONFIG_MAP,
          { namespace: ns, name: 'same' },
          { type: 'merge', body: { data: { n: '1' } } },
        );

        expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      });

      it('merges, and removes by null', async () => {
        await client.create(CONFIG_MAP, configMap(ns, 'merge', { a: '1', b: '2' }));

        const body = { data: { a: null, c: '3' } };
        const patched = await client.patch(
          CONFIG_MAP,
          { namespace: ns, name: 'merge' },
          { type: 'merge', body },
        );

        expect(patched.data).toEqual({ b: '2', c: '3' });
      });

      it('patches by operations', async () => {
        const plain = configMap(ns, 'ops', {});
        await client.create(CONFIG_MAP, {
          ...plain,
          metadata: { ...plain.metadata, annotations: { 'a/b': '1' } },
        });
        const ref = { namespace: ns, name: 'ops' };

        const body = [
          { op: 'test', path: '/metadata/annotations/a~1b', value: '1' },
          { op: 'replace', path: '/metadata/annotations/a~1b', value: '2' },
        ];
        const patched = await client.patch(CONFIG_MAP, ref, { type: 'json', body });

        expect(patched.metadata.annotations).toEqual({ 'a/b': '2' });
        expect(await codeOf(client.patch(CONFIG_MAP, ref, { type: 'json', body }))).toBe('Invalid');
      });

      it('refuses a patch whose UID or version is not the object’s', async () => {
        await client.create(CONFIG_MAP, configMap(ns, 'guarded', {}));
        const ref = { namespace: ns, name: 'guarded' };
        const guarded = (metadata: object): Promise<unknown> =>
          client.patch(CONFIG_MAP, ref, { type: 'merge', body: { metadata, data: { x: '1' } } });

        expect(await codeOf(guarded({ uid: '00000000-0000-0000-0000-000000000000' }))).toBe('Conflict');
        expect(await codeOf(guarded({ resourceVersion: '1' }))).toBe('Conflict');
      });

      it('answers NotFound for an object that is not there', async () => {
        expect(
          await codeOf(
            client.patch(CONFIG_MAP, { namespace: ns, name: 'gone' }, { type: 'merge', body: {} }),
          ),
        ).toBe('NotFound');
      });

      it('merges the containers of a built-in kind by name in a strategic patch', async () => {
        const object = deployment('strategic');
        await client.create(DEPLOYMENT, object);
        const containers = [{ name: 'side', image: 'side' }];
        const body = { spec: { template: { spec: { containers } } } };

        const patched = await client.patch(
          DEPLOYMENT,
          { namespace: ns, name: 'strategic' },
          { type: 'strategic', body },
        );

        const names = (patched.spec?.template.spec?.containers ?? []).map((container) => container.name);
        expect(names.toSorted()).toEqual(['main', 'side']);
      });

      it('refuses a change of what is immutable', async () => {
        const frozen = { ...configMap(ns, 'frozen', { a: '1' }), immutable: true };
        await client.create(CONFIG_MAP, frozen);

        expect(
          await codeOf(
            client.patch(
              CONFIG_MAP,
              { namespace: ns, name: 'frozen' },
              { type: 'merge', body: { data: { a: '2' } } },
            ),
          ),
        ).toBe('Invalid');
      });
    });

    describe('status', () => {
      it('has a door of its own', async () => {
        await client.create(DEPLOYMENT, deployment('doors'));
        const ref = { namespace: ns, name: 'doors' };

        const byStatus = await client.patch(
          DEPLOYMENT,
          ref,
          { type: 'merge', body: { spec: { replicas: 3 }, status: { collisionCount: 7 } } },
          { subresource: 'status' },
        );
        const byMain = await client.patch(DEPLOYMENT, ref, {
          type: 'merge',
          body: { metadata: { annotations: { a: 'b' } }, status: { collisionCount: 9 } },
        });

        expect(byStatus).toMatchObject({ spec: { replicas: 0 }, status: { collisionCount: 7 } });
        expect(byMain).toMatchObject({
          metadata: { annotations: { a: 'b' } },
          status: { collisionCount: 7 },
        });
      });

      it('does not count as a generation, a change of the spec does', async () => {
        const created = await client.create(DEPLOYMENT, deployment('generations'));
        const ref = { namespace: ns, name: 'generations' };

        await client.patch(
          DEPLOYMENT,
          ref,
          { type: 'merge', body: { status: { collisionCount: 1 } } },
          { subresource: 'status' },
        );
        const labelled = await client.patch(DEPLOYMENT, ref, {
          type: 'merge',
          body: { metadata: { labels: { a: 'b' } } },
        });
        const changed = await client.patch(DEPLOYMENT, ref, {
          type: 'merge',
          body: { spec: { paused: true } },
        });

        expect([created, labelled, changed].map((object) => object.metadata.generation)).toEqual([1, 1, 2]);
      });
    });

    describe('delete', () => {
      it('answers undefined for what is gone', async () => {
        expect(await client.delete(CONFIG_MAP, { namespace: ns, name: 'never-was' })).toBeUndefined();
      });

      it('never hits an object with another UID', async () => {
        await client.create(CONFIG_MAP, configMap(ns, 'reborn', {}));
        const ref = { namespace: ns, name: 'reborn' };

        expect(
          await codeOf(client.delete(CONFIG_MAP, ref, { uid: '00000000-0000-0000-0000-000000000000' })),
        ).toBe('Conflict');
        expect(await client.find(CONFIG_MAP, ref)).toBeDefined();
      });

      it('waits for finalizers and takes no new ones meanwhile', async () => {
        const held = configMap(ns, 'held', {});
        const created = await client.create(CONFIG_MAP, {
          ...held,
          metadata: { ...held.metadata, finalizers: ['example.org/hold'] },
        });
        const ref = { namespace: ns, name: 'held' };

        await client.delete(CONFIG_MAP, ref, { uid: created.metadata.uid ?? '' });

        const marked = await client.get(CONFIG_MAP, ref);
        expect(marked.metadata.deletionTimestamp).toBeDefined();
        const more = { metadata: { finalizers: ['example.org/hold', 'example.org/more'] } };
        expect(await codeOf(client.patch(CONFIG_MAP, ref, { type: 'merge', body: more }))).toBe('Invalid');
        await client.patch(CONFIG_MAP, ref, { type: 'merge', body: { metadata: { finalizers: [] } } });
        expect(await client.find(CONFIG_MAP, ref)).toBeUndefined();
      });

      it('stores nothing in a dry run', async () => {
        await client.create(CONFIG_MAP, configMap(ns, 'spared', {}));

        await client.delete(CONFIG_MAP, { namespace: ns, name: 'spared' }, { dryRun: true });

        expect(await client.find(CONFIG_MAP, { namespace: ns, name: 'spared' })).toBeDefined();
      });
    });

    it('shows an event in both of its forms', async () => {
      const now = new Date().toISOString().replace('Z', '000Z');
      await client.create(EVENT, {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name: 'told', namespace: ns },
        eventTime: now,
        reportingController: 'tenantry.dev/test',
        reportingInstance: 'test-0',
        action: 'Testing',
        reason: 'Tested',
        type: 'Normal',
        note: 'it was said',
        regarding: { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', namespace: ns },
      });

      const core = await client.get(CORE_EVENT, { namespace: ns, name: 'told' });

      expect(core).toMatchObject({ apiVersion: 'v1', message: 'it was said', involvedObject: { name: 'x' } });
    });

    it('lets one of two win a lease', async () => {
      const lease = await client.create(LEASE, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'leader', namespace: ns },
        spec: { holderIdentity: 'nobody', leaseDurationSeconds: 15 },
      });
      const take = (holderIdentity: string): Promise<string> =>
        codeOf(client.replace(LEASE, { ...lease, spec: { ...lease.spec, holderIdentity } }));

      const outcomes = await Promise.all([take('a'), take('b'), take('c')]);

      expect(outcomes.toSorted()).toEqual(['Conflict', 'Conflict', 'succeeded']);
    });

    it('lists in pages whose tokens lead on, all of one version', async () => {
      const plain = (name: string): ReturnType<typeof configMap> => {
        const object = configMap(ns, name, {});
        return { ...object, metadata: { ...object.metadata, labels: { suite: 'pages' } } };
      };
      for (const name of ['p1', 'p2', 'p3']) await client.create(CONFIG_MAP, plain(name));
      const page = async (
        token: string,
      ): Promise<{
        items: { metadata: { name: string } }[];
        metadata: { continue?: string; resourceVersion: string };
      }> => {
        const query = new URLSearchParams({
          labelSelector: 'suite=pages',
          limit: '2',
          ...(token === '' ? {} : { continue: token }),
        });
        const { text } = await client.raw({
          method: 'GET',
          path: `/api/v1/namespaces/${ns}/configmaps?${query}`,
        });
        // True: a list is answered to a list.
        return JSON.parse(text) as Awaited<ReturnType<typeof page>>;
      };

      const first = await page('');
      await client.create(CONFIG_MAP, plain('p2-later'));
      const second = await page(first.metadata.continue ?? '');

      expect([...first.items, ...second.items].map((item) => item.metadata.name)).toEqual(['p1', 'p2', 'p3']);
      expect(second.metadata.continue ?? '').toBe('');
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    });

    describe('raw', () => {
      it('tells the version', async () => {
        const { status, text } = await client.raw({ method: 'GET', path: '/version' });

        expect(status).toBe(200);
        expect(JSON.parse(text)).toMatchObject({ major: '1' });
      });

      it('answers by the same errors', async () => {
        expect(
          await codeOf(client.raw({ method: 'GET', path: `/api/v1/namespaces/${ns}/configmaps/no` })),
        ).toBe('NotFound');
      });
    });

    it('reads as a ServiceAccount what the account may read', async () => {
      const account = client.as({ namespace: ns, name: 'default' });

      // What is allowed differs from server to server; that the call arrives and is judged does not.
      expect(['succeeded', 'Forbidden']).toContain(await codeOf(account.list(POD, { namespace: ns })));
    });

    it('labels a namespace with its own name', async () => {
      const namespace = await client.get(NAMESPACE, { name: ns });

      expect(namespace.metadata.labels).toMatchObject({ 'kubernetes.io/metadata.name': ns });
      expect(namespace.status).toMatchObject({ phase: 'Active' });
    });
  });
}
